/** 128 random bits as text. `crypto.randomUUID` is there on https and localhost only. */
export const randomId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
