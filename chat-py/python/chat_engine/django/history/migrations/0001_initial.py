"""The table of what was said."""

from django.db import migrations, models

import chat_engine.django.history.models


class Migration(migrations.Migration):
    """Creates it."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("alias", models.CharField(default="default", max_length=64, verbose_name="chat")),
                ("room", models.CharField(max_length=64, verbose_name="room")),
                ("epoch", models.CharField(max_length=64, verbose_name="log")),
                ("n", models.PositiveBigIntegerField(verbose_name="number")),
                ("at", models.DateTimeField(verbose_name="time")),
                ("by", models.CharField(blank=True, max_length=255, null=True, verbose_name="user")),
                ("name", models.CharField(blank=True, max_length=255, null=True, verbose_name="name")),
                (
                    "body",
                    models.JSONField(
                        blank=True,
                        encoder=chat_engine.django.history.models.PlainEncoder,
                        null=True,
                        verbose_name="message",
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=255, null=True, verbose_name="key")),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "indexes": [
                    models.Index(fields=["room", "alias", "at", "n"], name="chat_history_page"),
                    models.Index(fields=["at"], name="chat_history_prune"),
                ],
                "constraints": [models.UniqueConstraint(fields=("room", "epoch", "n"), name="chat_history_once")],
            },
        ),
    ]
