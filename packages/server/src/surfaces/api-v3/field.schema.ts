import { type Static, Type } from 'typebox'
import type { FieldDescriptor } from '../../domain/toolkits/definition.ts'
import { Nullable } from './wire-shapes.ts'

/** One input that an auth config or a connection needs. */
export const WireField = Type.Object({
  name: Type.String(),
  displayName: Type.String(),
  type: Type.String(),
  description: Type.String(),
  required: Type.Boolean(),
  default: Type.Optional(Nullable(Type.String())),
  is_secret: Type.Boolean(),
  legacy_template_name: Type.Optional(Type.String()),
})

export const fieldToWire = (field: FieldDescriptor): Static<typeof WireField> => ({
  name: field.name,
  displayName: field.title ?? field.name,
  type: field.type ?? 'string',
  description: field.description ?? '',
  required: field.required ?? false,
  default: field.default ?? null,
  is_secret: field.secret ?? false,
})
