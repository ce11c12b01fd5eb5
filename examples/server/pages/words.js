// What is said, as text. A body is any JSON: our pages send strings, other clients may send something else.

export function words(body) {
  if (typeof body === 'string') return body;
  if (typeof body?.text === 'string') return body.text;
  return JSON.stringify(body) ?? '';
}
