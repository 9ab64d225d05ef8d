import type { SessionId } from '../../ids.ts'

export const MCP_ROUTE = '/mcp/:id'

/** Where MCP clients reach a session, with the header `x-api-key`. */
export const mcpUrlOf = (publicUrl: string, id: SessionId): string => `${publicUrl.replace(/\/+$/, '')}/mcp/${id}`
