import { type Static, type TSchema, Type } from 'typebox'
import { AUTH_SCHEMES } from '../../domain/auth-schemes.ts'

/** Pieces of the wire that several resources share. */
export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  Type.Unsafe<Values[number]>(Type.Enum([...values]))

export const AnyObject = Type.Record(Type.String(), Type.Unknown())

export const Nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

export const WireAuthScheme = oneOf(AUTH_SCHEMES)

export const IdParams = Type.Object({ id: Type.String() })

export const pageOf = <Item extends TSchema>(item: Item) =>
  Type.Object({
    items: Type.Array(item),
    next_cursor: Nullable(Type.String({ description: 'Null on the last page.' })),
    total_items: Type.Number({ description: 'Exact up to 1,000; counting stops there.' }),
    total_pages: Type.Number(),
    current_page: Type.Number(),
  })

export const Success = Type.Object({ success: Type.Boolean() })

export const toIsoTime = (ms: number): string => new Date(ms).toISOString()

/** Lists count no further than this, so that a page costs the same in a project of a hundred and of a million. */
export const COUNT_AT_MOST = 1_000

export type WireAuthSchemeName = Static<typeof WireAuthScheme>
