// A reporter for node's test runner: each failed test in one line, with what it found, for the end of a long log.

export default async function* failures(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.details.error.failureType === 'subtestsFailed') continue;
    const error = data.details.error.cause ?? data.details.error;
    const found = 'actual' in error ? ` · found: ${JSON.stringify(error.actual)}` : '';
    const said = `${error.message ?? error}`.replaceAll(/\s+/g, ' ');
    yield `failed: ${data.name} · ${said}${found}`.slice(0, 900) + '\n';
  }
}
