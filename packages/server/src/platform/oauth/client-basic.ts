/** RFC 6749 §2.3.1, escaping no more than a form does: providers who do not unescape know ids with dots and dashes. */
const formEncode = (value: string): string => new URLSearchParams([['', value]]).toString().slice(1)

/** The header by which a client proves itself. */
export const clientBasic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${formEncode(id)}:${formEncode(secret)}`).toString('base64')}`
