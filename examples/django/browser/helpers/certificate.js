// A certificate for localhost, signed by itself, good for a day: so that a site can be tested as it is behind https.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const bytes = (tag, ...parts) => {
  const body = Buffer.concat(parts);
  // As short as can be, or browsers refuse it.
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts) => bytes(0x30, ...parts);
const id = (hex) => bytes(0x06, Buffer.from(hex, 'hex'));
const bits = (body) => bytes(0x03, Buffer.from([0]), body);
const time = (at) => bytes(0x17, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

const ECDSA_SHA256 = sequence(id('2a8648ce3d040302'));
const COMMON_NAME = '550403', OTHER_NAMES = '551d11';

/** `{ key, cert }`, as node's https takes them. */
export function certificate() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(bytes(0x31, sequence(id(COMMON_NAME), bytes(0x0c, Buffer.from('localhost')))));
  const names = bytes(0xa3, sequence(sequence(id(OTHER_NAMES), bytes(0x04, sequence(bytes(0x82, Buffer.from('localhost')))))));
  const now = Date.now();
  const told = sequence(
    bytes(0xa0, bytes(0x02, Buffer.from([2]))), // version 3
    bytes(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_SHA256, name,
    sequence(time(new Date(now - 3_600_000)), time(new Date(now + 86_400_000))),
    name, publicKey.export({ type: 'spki', format: 'der' }), names,
  );
  const whole = sequence(told, ECDSA_SHA256, bits(sign('sha256', told, privateKey)));
  const cert = `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert };
}
