// What the box says, in Korean and English. Numbers, times and plurals are written by Intl.

const ko = {
  'box': '채팅',
  'number': '{n}',
  'names.more': '{names} 외 {n}명',
  'close': '닫기',
  'link.lost': '연결이 끊어졌습니다. 다시 연결하고 있습니다.',
  'link.first': '서버에 연결하고 있습니다.',
  'link.retry': '지금 다시 연결',
  'link.kicked': '연결이 종료되었습니다.',
  'link.login': '로그인하면 대화에 참여할 수 있습니다.',
  'link.login.go': '로그인',
  'link.ended': '연결할 수 없습니다.',
  'link.reload': '페이지 새로 고침',
  'you.name': '내 이름: {name}. 바꾸기',
  'you.label': '내 이름',
  'you.save': '저장',
  'you.me': '나',
  'room.joining': '방에 들어가고 있습니다.',
  'room.failed': '방에 들어갈 수 없습니다',
  'room.again': '다시 시도',
  'room.left': '방에서 나왔습니다',
  'room.kicked': '방에서 내보내졌습니다.',
  'room.people': '참여자 {n}명',
  'room.people.title': '참여자',
  'room.people.all': '모두 보기',
  'closed.idle': '오랫동안 대화가 없어 방이 닫혔습니다.',
  'closed.empty': '아무도 없어 방이 닫혔습니다.',
  'closed.partner_left': '상대방이 나가서 대화가 끝났습니다.',
  'closed.owner': '방장이 방을 닫았습니다.',
  'closed.admin': '관리자가 방을 닫았습니다.',
  'closed.max_age': '방의 수명이 다해 닫혔습니다.',
  'closed.other': '방이 닫혔습니다.',
  'log': '대화',
  'log.earlier': '이전 메시지 보기',
  'log.begin': '대화의 시작입니다.',
  'log.gap': '일부 메시지를 불러오지 못했습니다.',
  'log.new': '새 메시지 {n}개',
  'log.down': '맨 아래로',
  'log.you': '나',
  'log.site': '안내',
  'log.sending': '보내는 중',
  'log.failed': '보내지 못했습니다.',
  'log.retry': '다시 보내기',
  'log.discard': '지우기',
  'notice.joined': '{names}님이 들어왔습니다.',
  'notice.left': '{names}님이 나갔습니다.',
  'notice.passed': '{names}님이 들어왔다가 나갔습니다.',
  'notice.returned': '{names}님이 다시 들어왔습니다.',
  'notice.renamed': '{from}님이 이름을 {to}(으)로 바꾸었습니다.',
  'notice.renamed.to': '이름이 {to}(으)로 바뀌었습니다.',
  'compose.room': '{title}에 보낼 메시지',
  'compose.hint': '메시지를 입력하세요',
  'compose.send': '보내기',
  'compose.long': '메시지가 너무 깁니다. 나누어 보내 주세요.',
  'typing': '{names}님이 입력하고 있습니다.',
  'error.unavailable': '지금은 서버가 응답할 수 없습니다. 잠시 뒤 다시 시도해 주세요.',
  'error.rate_limited': '너무 빠릅니다. 잠시 뒤 다시 시도해 주세요.',
  'error.no_such_room': '그런 방이 없습니다. 이미 닫혔을 수 있습니다.',
  'error.room_full': '방이 가득 찼습니다.',
  'error.room_closed': '이미 닫힌 방입니다.',
  'error.forbidden': '허용되지 않았습니다.',
  'error.too_many': '한꺼번에 할 수 있는 수를 넘었습니다.',
  'error.too_large': '너무 깁니다.',
  'error.bad_request': '사용할 수 없는 내용입니다.',
  'error.other': '문제가 생겼습니다. 다시 시도해 주세요.',
};

const en = {
  'box': 'Chat',
  'number': '{n}',
  'names.more': { one: '{names} and {n} other', other: '{names} and {n} others' },
  'close': 'Close',
  'link.lost': 'The connection was lost. Trying to get it back.',
  'link.first': 'Connecting.',
  'link.retry': 'Retry now',
  'link.kicked': 'You have been disconnected.',
  'link.login': 'Log in to take part.',
  'link.login.go': 'Log in',
  'link.ended': 'There is no connection to the chat.',
  'link.reload': 'Reload the page',
  'you.name': 'Your name: {name}. Change it',
  'you.label': 'Your name',
  'you.save': 'Save',
  'you.me': 'you',
  'room.joining': 'Joining the room.',
  'room.failed': 'You cannot join this room',
  'room.again': 'Try again',
  'room.left': 'You have left the room',
  'room.kicked': 'You have been removed from the room.',
  'room.people': { one: '{n} person here', other: '{n} people here' },
  'room.people.title': 'People here',
  'room.people.all': 'Show all',
  'closed.idle': 'The room was closed, as nothing was said for a long time.',
  'closed.empty': 'The room was closed, as nobody was there.',
  'closed.partner_left': 'The talk has ended, as the other has left.',
  'closed.owner': 'The owner has closed the room.',
  'closed.admin': 'The room was closed by an administrator.',
  'closed.max_age': 'The room was closed, as its time was over.',
  'closed.other': 'The room was closed.',
  'log': 'Messages',
  'log.earlier': 'Earlier messages',
  'log.begin': 'This is where the talk begins.',
  'log.gap': 'Some messages could not be loaded.',
  'log.new': { one: '{n} new message', other: '{n} new messages' },
  'log.down': 'To the newest message',
  'log.you': 'You',
  'log.site': 'Announcement',
  'log.sending': 'Sending',
  'log.failed': 'Not sent.',
  'log.retry': 'Send again',
  'log.discard': 'Discard',
  'notice.joined': '{names} joined.',
  'notice.left': '{names} left.',
  'notice.passed': '{names} came and left.',
  'notice.returned': '{names} came back.',
  'notice.renamed': '{from} is now called {to}.',
  'notice.renamed.to': 'Somebody is now called {to}.',
  'compose.room': 'Message to {title}',
  'compose.hint': 'Write a message',
  'compose.send': 'Send',
  'compose.long': 'This message is too long. Please split it.',
  'typing': { one: '{names} is typing.', other: '{names} are typing.' },
  'error.unavailable': 'The server cannot answer at the moment. Please try again soon.',
  'error.rate_limited': 'That was too fast. Please try again in a moment.',
  'error.no_such_room': 'There is no such room. It may have been closed.',
  'error.room_full': 'The room is full.',
  'error.room_closed': 'The room is closed already.',
  'error.forbidden': 'That is not allowed.',
  'error.too_many': 'That is more than may be done at once.',
  'error.too_large': 'That is too long.',
  'error.bad_request': 'That cannot be used.',
  'error.other': 'Something went wrong. Please try again.',
};

const TABLES = { ko, en };

/** The texts for a page in this language (`ko`, `ko-KR`, `de` …); what is not Korean is English. */
export function texts(wanted = '') {
  const language = wanted.toLowerCase().split('-')[0] === 'ko' ? 'ko' : 'en';
  const table = TABLES[language];
  const formats = {};
  const made = (Kind, options = {}) => (formats[Kind.name + JSON.stringify(options)] ??= new Kind(language, options));
  const number = (n) => made(Intl.NumberFormat).format(n);

  /** The text of this key. `{name}` is replaced by `values.name`; where a text has forms, `values.n` chooses one. */
  function t(key, values = {}) {
    const entry = table[key];
    if (entry === undefined) throw new Error(`there is no text "${key}" in ${language}`);
    const text = typeof entry === 'string' ? entry : (entry[made(Intl.PluralRules).select(values.n ?? 0)] ?? entry.other);
    return text.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = values[name];
      return typeof value === 'number' ? number(value) : String(value ?? whole);
    });
  }

  return {
    language,
    t,
    /** "14:05", or "2:05 PM", as is usual there. */
    clock: (at) => made(Intl.DateTimeFormat, { timeStyle: 'short' }).format(at),
    /** "Saturday, 21 November 2026". */
    day: (at) => made(Intl.DateTimeFormat, { dateStyle: 'full' }).format(at),
    whole: (at) => made(Intl.DateTimeFormat, { dateStyle: 'full', timeStyle: 'short' }).format(at),
    /** "Kim, Lee, Park"; more are counted: "Kim, Lee, Park and 4 others". */
    names: (all, most = 3) =>
      all.length <= most ? all.join(', ') : t('names.more', { names: all.slice(0, most).join(', '), n: all.length - most }),
    /** A refusal in words for people; unknown codes are the general case. */
    refusal: (error) => t(`error.${error?.code}` in table ? `error.${error.code}` : 'error.other'),
    /** Why a room has closed. */
    closed: (why) => t(`closed.${why}` in table ? `closed.${why}` : 'closed.other'),
  };
}
