import type { CallbackParams } from '../../domain/connecting/connect-link.ts'
import type { ConnectingDeps } from '../../domain/connecting/connecting.ts'
import { finishAuthorization } from '../../domain/connecting/finish-authorization.ts'
import { CALLBACK_PATH } from '../../domain/connecting/redirect-uri.ts'
import type { ApiServer } from '../http/api-server.ts'
import { readBrowserToken } from './browser-token.ts'
import { sendOutcome } from './connect-pages.routes.ts'
import { sendErrorPage } from './page-errors.ts'

/** Where providers send browsers back to. No API key: the `state`, once and in its own browser, is what opens it. */
export function callbackRoutes(app: ApiServer, deps: ConnectingDeps): void {
  app.get(CALLBACK_PATH, { schema: { hide: true } }, async (request, reply) => {
    const publicUrl = deps.publicUrl()
    try {
      const params = request.query as CallbackParams
      const outcome = await finishAuthorization(deps, { params, browserToken: readBrowserToken(request, publicUrl) })
      return sendOutcome(reply, outcome, publicUrl)
    } catch (error) {
      return sendErrorPage(error, request, reply, publicUrl)
    }
  })
}
