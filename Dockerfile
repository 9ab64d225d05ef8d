# One server. What it keeps is in /data: the database, master-key and api-key, to be backed up together.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/cli/package.json packages/cli/
COPY packages/sdk/package.json packages/sdk/
COPY packages/server/package.json packages/server/
COPY packages/server/testing/package.json packages/server/testing/
# Exactly the lockfile's versions, and nothing that runs at install.
RUN npm ci --omit=dev --ignore-scripts -w @holdfast/server

FROM node:24-slim
ENV NODE_ENV=production HOLDFAST_HOST=0.0.0.0 HOLDFAST_DATA_DIR=/data
# Under load this, and the option of node below, keep some 150 MB from being held for nothing: docs/guides/operating.md, "Memory".
ENV MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=packages /app ./
COPY LICENSE ./
COPY toolkits toolkits
COPY packages/server/src packages/server/src
# Reads the toolkits once, so that no start has to.
RUN node -e "import('/app/packages/server/src/domain/toolkits/catalogue.ts').then(({ loadCatalogue }) => loadCatalogue(['/app/toolkits']))"
RUN mkdir --mode=700 /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 9900
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HOLDFAST_PORT || 9900}/healthz`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=16", "packages/server/src/main.ts"]
CMD ["serve"]
