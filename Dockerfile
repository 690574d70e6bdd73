# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY hack/build.ts hack/build.ts
COPY src src
RUN npm run build

FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /app
COPY --from=build /src/dist/sidecar-injector.js /src/dist/sidecar-injector.js.map ./
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "--enable-source-maps", "--disable-proto=delete", "/app/sidecar-injector.js"]
CMD ["operator"]
