"""The first tables."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Film",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(unique=True)),
                ("title", models.CharField(max_length=80, verbose_name="title")),
                ("title_ko", models.CharField(max_length=80, verbose_name="title in Korean")),
                ("director", models.CharField(max_length=80, verbose_name="director")),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("about", models.TextField(verbose_name="what it is about")),
                ("about_ko", models.TextField(verbose_name="what it is about, in Korean")),
            ],
            options={
                "verbose_name": "film",
                "verbose_name_plural": "films",
                "ordering": ["year", "slug"],
            },
        ),
    ]
