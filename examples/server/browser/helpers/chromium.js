// The system's own Chromium, without a window, and without whatever it would like to tell or fetch.

import { chromium } from 'playwright-core';

const PROGRAM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // This machine under a name that is not its own: for a browser, a page that came over an open network.
  '--host-resolver-rules=MAP chat.test 127.0.0.1',
];

export const launch = () => chromium.launch({ executablePath: PROGRAM, args: ARGS, timeout: 120_000 });
