import { Crc64 } from './crc64.js';

describe('the sum of a snapshot', () => {
  it('is that of Redis, in one go or in pieces', () => {
    const whole = new Crc64().add(Buffer.from('123456789')).digest();
    const pieces = new Crc64().add(Buffer.from('1234')).add(Buffer.from('56789')).digest();
    expect(whole.readBigUInt64LE()).toBe(0xe9c6d914c4b8d9can);
    expect(pieces).toEqual(whole);
  });
});
