// Makes docs/screenshots/django-*.png anew: `PYTHON=… npm run screenshots`. The real site, with people made up for it.

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { launch } from '../../server/browser/helpers/chromium.js';
import { smaller } from '../../server/browser/helpers/png.js';
import { field, own, present, say, theirs } from './helpers/box.js';
import { enter, site } from './helpers/site.js';

const OUT = fileURLToPath(new URL('../../../docs/screenshots/', import.meta.url));
const WIDE = { width: 1080, height: 760 };
const PHONE = { width: 390, height: 840 };

const TALKS = {
  ko: {
    you: '나무', others: ['민서', '도윤', '하늘'],
    rooms: [['film-nosferatu', 2, '그림자만 봐도 무서워요'], ['film-the-general', 1, '기차가 주인공이죠']],
    film: [
      [0, '어제 극장에서 다시 봤어요. 음악을 직접 연주하더라고요.'], [1, '저도 가고 싶었는데! 어땠어요?'],
      ['me', '도시가 처음 나오는 장면에서 다들 숨을 죽였어요.'], [1, '백 년 전 영화라는 게 믿기지 않아요.'], [2, '다음 상영은 여기 있어요: https://example.org/metropolis'], ['me', '그럼 토요일에 같이 갈까요?'],
    ],
  },
  en: {
    you: 'Rowan', others: ['Mina', 'Theo', 'Skye'],
    rooms: [['film-nosferatu', 2, 'The shadow on the stairs, every time'], ['film-the-general', 1, 'The engine is the lead, really']],
    film: [
      [0, 'I saw it again last night, with a live orchestra.'], [1, 'I wanted to go! How was it?'],
      ['me', 'Nobody breathed when the city appeared.'], [1, 'Hard to believe that it is a hundred years old.'], [2, 'The next one is here: https://example.org/metropolis'], ['me', 'Shall we go on Saturday?'],
    ],
  },
};

const left = [];
const browser = await launch();
const start = () => site({ after: (what) => left.push(what) });
let numbers = 0;

/** Somebody on the main page. */
async function come(at, name, { language, theme, viewport }) {
  const context = await browser.newContext({
    locale: language === 'ko' ? 'ko-KR' : 'en-US', timezoneId: 'Asia/Seoul', colorScheme: theme, reducedMotion: 'reduce', viewport, hasTouch: viewport === PHONE, isMobile: viewport === PHONE,
  });
  const page = await context.newPage();
  await enter(page, at, name, `someone-${(numbers += 1)}@example.org`, language);
  return page;
}

async function shoot(page, name) {
  // No cursor that blinks, no field that happens to be focused.
  await page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.blur() ?? document.activeElement.blur());
  await writeFile(`${OUT}${name}.png`, smaller(await page.screenshot({ animations: 'disabled', caret: 'hide' })));
}

/** A site in which people talk: in two rooms a little, in a third one at length. Gives one's own page, in the third. */
async function talking(look) {
  const { you, others, rooms, film } = TALKS[look.language];
  const at = await start();
  const page = await come(at, you, look);
  const people = [];
  for (const name of others) people.push(await come(at, name, { ...look, viewport: WIDE }));
  for (const [room, count, text] of rooms) {
    for (const one of people.slice(0, count)) {
      const tab = await one.context().newPage();
      await tab.goto(`${at.url}/rooms/${room}/`);
      await present(tab, people.indexOf(one) + 1);
      if (one === people[0]) await say(tab, text);
    }
  }
  for (const one of [page, ...people]) await one.goto(`${at.url}/rooms/film-metropolis/`);
  await present(page, 1 + people.length);
  for (const [who, text] of film) {
    const speaker = who === 'me' ? page : people[who];
    await say(speaker, text);
    await own(speaker, text);
    if (who !== 'me') await theirs(page, text);
  }
  await field(people[1]).pressSequentially('…');
  await page.locator('chat-box .typing.shown').waitFor();
  return { page, at };
}

try {
  await mkdir(OUT, { recursive: true });
  const korean = await talking({ language: 'ko', theme: 'light', viewport: WIDE });
  await shoot(korean.page, 'django-room-ko-light');
  await korean.page.goto(`${korean.at.url}/`);
  await korean.page.locator('[data-online]').filter({ visible: true }).waitFor();
  await shoot(korean.page, 'django-main-ko-light');
  const english = await talking({ language: 'en', theme: 'dark', viewport: PHONE });
  await shoot(english.page, 'django-room-en-dark-phone');
  await english.page.goto(`${english.at.url}/`);
  await english.page.locator('[data-online]').filter({ visible: true }).waitFor();
  await shoot(english.page, 'django-main-en-dark-phone');
} finally {
  await browser.close();
  for (const what of left) await what();
}
