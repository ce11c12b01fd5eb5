// Runs before the first paint, so that nobody sees the other theme or language flash by: the only script that
// is not a module. settings.js does the rest.
(function () {
  function kept(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }
  var root = document.documentElement;
  var dark = matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = kept('chat.theme') || (dark ? 'dark' : 'light');
  var wanted = [kept('chat.language')].concat(navigator.languages || [navigator.language]);
  var known = wanted.map(function (tag) {
    return String(tag).slice(0, 2).toLowerCase();
  });
  root.lang = known.find(function (tag) {
    return tag === 'ko' || tag === 'en';
  }) || 'en';
})();
