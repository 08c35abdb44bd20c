# The sample backend. What is built in the first stages never reaches the last one.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY backend/src backend/src
RUN npm run build:app && npm prune --omit=dev --no-audit --no-fund
# Nearly half of what is left: what only compilers, debuggers and readers open.
RUN find node_modules dist/app -type f \
  \( -name '*.map' -o -name '*.ts' -o -name '*.cts' -o -name '*.mts' -o -name '*.md' \) -delete

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
# A new volume takes its owner from here: the journals (REDIS_JOURNAL_DIR) are to be in a folder of the process.
RUN install -d -m 0755 -o node -g node /data
# A new volume that is mounted there gets the same owner.
RUN mkdir -m 700 /backups && chown node:node /backups
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules node_modules
COPY --from=build --chown=root:root /app/dist/app dist/app
USER node
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The program is process 1 and hears SIGTERM itself.
CMD ["node", "dist/app/main.js"]
