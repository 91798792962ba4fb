# The daemon as an image. Three stages: what compiles, what is needed at run time, and the image itself.
# Install scripts stay off: every native part comes ready-made inside its package.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && chmod +x dist/cli/main.js

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim AS runtime
WORKDIR /app
ENV NODE_ENV=production SENTINEL_DIR=/var/lib/sentinel
# `sentinel` on the PATH, for `docker exec`; a folder for the embedded store, where that is what runs.
RUN ln -s /app/dist/cli/main.js /usr/local/bin/sentinel \
  && install -d -o node -g node /var/lib/sentinel
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY rules ./rules
COPY schema ./schema
USER node
VOLUME /var/lib/sentinel
EXPOSE 7070
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.SENTINEL_HTTP_PORT || 7070) + '/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["run"]
