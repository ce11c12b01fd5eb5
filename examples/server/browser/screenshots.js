// Makes docs/screenshots/ anew: `npm run screenshots`. The real server, with people made up for it.

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { launch } from './helpers/chromium.js';
import { smaller } from './helpers/png.js';
import { server } from './helpers/server.js';

const OUT = fileURLToPath(new URL('../../../docs/screenshots/', import.meta.url));
const WIDE = { width: 1180, height: 660 };
const PHONE = { width: 390, height: 720 };

const TALKS = {
  ko: {
    you: '나무',
    rooms: [
      ['고양이 사진', ['민서', '도윤'], ['오늘도 창가에서 자네요', '너무 귀여워요']],
      ['책 읽는 밤', ['하늘', '서연', '지호'], ['오늘은 3장까지 읽을게요', '저는 이제 시작해요', '천천히 오세요']],
      ['Rust 한국어 스터디', ['준', 'Kim', '가온', '이든'], ['소유권은 이제 알겠어요', '다음 주는 비동기입니다']],
      ['주말 등산 모임', ['지우', '하준', '서아', '나은', '도현'], [
        [0, '안녕하세요! 이번 주말에 북한산에 가려고 합니다.'], [0, '같이 가실 분 계신가요?'], ['나', '저요! 몇 시에 만나요?'],
        [1, '코스는 여기 있어요: https://example.org/bukhansan'], [2, '초보도 괜찮을까요? 등산화가 없어서 조금 걱정이에요.'], ['나', '천천히 가면 괜찮아요.'], ['나', '아침 9시 어떠세요?'], [0, '좋아요, 그때 봬요!']]],
    ],
    tags: ['음악', '여행'],
    stranger: [[0, '안녕하세요!'], [1, '안녕하세요. 음악 좋아하세요?'], [0, '네, 요즘은 재즈를 많이 들어요. 빗소리랑 잘 어울려서요.'], [1, '저도요. 혹시 추천해 주실 수 있어요?'], [0, '빌 에반스부터 시작해 보세요']],
  },
  en: {
    you: 'Rowan',
    rooms: [
      ['Cat pictures', ['Mina', 'Theo'], ['Asleep in the window again', 'So cute']],
      ['Reading tonight', ['Skye', 'Noor', 'Jin'], ['Chapter three for me', 'Only just starting']],
      ['Rust study group', ['June', 'Kim', 'Ada', 'Eden'], ['I think I get ownership now', 'Next week: async']],
      ['Weekend hikers', ['Jiwoo', 'Hana', 'Sol', 'Nico', 'Dora'], [
        [0, 'Hello! I am going up Bukhansan this weekend.'], [0, 'Anybody coming along?'], ['me', 'Me! When do we meet?'],
        [1, 'The route is here: https://example.org/bukhansan'], [2, 'Is it fine for beginners? I have no proper boots.'], ['me', 'We take it slowly.'], ['me', 'How about nine?'], [0, 'See you then!']]],
    ],
    tags: ['music', 'travel'],
    stranger: [[0, 'Hello!'], [1, 'Hi. Do you like music?'], [0, 'I do, mostly jazz these days. It goes well with the rain.'], [1, 'Same here. Anything you would recommend?'], [0, 'Start with Bill Evans']],
  },
};

const left = [];
const browser = await launch();

/** A server for each picture, so that nobody of another one is on it. */
const start = () => server({ after: (what) => left.push(what) });

async function open(at, path, { language, theme, viewport }, tags = []) {
  const context = await browser.newContext({
    locale: language === 'ko' ? 'ko-KR' : 'en-US', timezoneId: 'Asia/Seoul', colorScheme: theme, reducedMotion: 'reduce', viewport, hasTouch: viewport === PHONE, isMobile: viewport === PHONE,
  });
  const page = await context.newPage();
  await page.addInitScript((all) => {
    if (location.protocol === 'http:') localStorage.setItem('chat.interests', JSON.stringify({ tags: all }));
  }, tags);
  await page.goto(`${at.url}${path}`);
  await page.locator('#online').filter({ visible: true }).waitFor();
  return page;
}

async function shoot(page, name) {
  // No cursor that blinks, no field that happens to be focused.
  await page.evaluate(() => document.activeElement.blur());
  await writeFile(`${OUT}${name}.png`, smaller(await page.screenshot({ animations: 'disabled', caret: 'hide' })));
}

/** A lobby with rooms in which people talk, and the last of them open. */
async function lobby(look) {
  const { you, rooms } = TALKS[look.language];
  const page = await open(await start(), '/', look);
  await page.locator('#you').click();
  await page.locator('#your-name').fill(you);
  await page.locator('dialog [type=submit]').click();
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.evaluate(async (all) => {
    const { ChatClient } = await import(new URL('assets/chat-client.js', document.baseURI));
    const here = [];
    window.talk = async (id, lines) => {
      for (const [who, text] of lines) await here[who].room(id).say(text);
    };
    window.ids = [];
    for (const [title, people] of all) {
      const own = [];
      for (const name of people) {
        const client = new ChatClient(new URL('ws', document.baseURI), { name });
        await client.connect();
        own.push(client);
      }
      const { id } = await own[0].open({ title });
      for (const client of own) await client.room(id).join();
      window.ids.push(id);
      here.splice(0, here.length, ...own);
      if (title !== all.at(-1)[0]) for (const [i, text] of all.find(([one]) => one === title)[2].entries()) await own[i].room(id).say(text);
    }
  }, rooms);
  await page.locator('.room-row').filter({ hasText: rooms.at(-1)[0] }).click();
  await page.locator('.compose textarea').waitFor();
  for (const [who, text] of rooms.at(-1)[2]) {
    if (typeof who === 'number') await page.evaluate(([i, line]) => window.talk(window.ids.at(-1), [[i, line]]), [who, text]);
    else {
      await page.locator('.compose textarea').fill(text);
      await page.locator('.compose textarea').press('Enter');
    }
    await page.locator('.bubble').getByText(text).waitFor();
  }
  await page.locator('.room-row').first().filter({ hasText: rooms.at(-1)[0] }).filter({ hasText: rooms.at(-1)[2].at(-1)[1] }).waitFor({ state: 'attached' });
  return page;
}

async function strangers(look) {
  const { tags, stranger } = TALKS[look.language];
  const at = await start();
  const pages = [await open(at, '/random', look, tags), await open(at, '/random', look, tags)];
  const [page] = pages;
  for (const one of pages) await one.locator('[data-status=matched]').waitFor();
  for (const [who, text] of stranger) {
    await pages[who].locator('.compose textarea').fill(text);
    await pages[who].locator('.compose textarea').press('Enter');
    await pages[1 - who].locator('.theirs .bubble').getByText(text).waitFor();
  }
  await pages[1].locator('.compose textarea').pressSequentially('…');
  await page.locator('.typing.shown').waitFor();
  return page;
}

try {
  await mkdir(OUT, { recursive: true });
  const korean = await lobby({ language: 'ko', theme: 'light', viewport: WIDE });
  await shoot(korean, 'room-ko-light');
  const phone = await lobby({ language: 'en', theme: 'dark', viewport: PHONE });
  await shoot(phone, 'room-en-dark-phone');
  await phone.locator('.room-head a').click();
  await phone.locator('.room-row').first().waitFor();
  await shoot(phone, 'lobby-en-dark-phone');
  await shoot(await strangers({ language: 'ko', theme: 'light', viewport: PHONE }), 'random-ko-light-phone');
  const waiting = await open(await start(), '/random', { language: 'ko', theme: 'light', viewport: PHONE });
  await waiting.locator('.ripples').waitFor();
  await shoot(waiting, 'waiting-ko-light-phone');
  await shoot(await strangers({ language: 'en', theme: 'dark', viewport: WIDE }), 'random-en-dark');
} finally {
  await browser.close();
  for (const what of left) await what();
}
