# One image with all programs: outbox-processor, outboxctl, order-service, invoice-service.

FROM node:22-bookworm-slim AS web
WORKDIR /src/web/dashboard
COPY web/dashboard/package.json web/dashboard/package-lock.json web/dashboard/.npmrc ./
RUN npm ci
COPY web/dashboard ./
RUN npm run build

FROM debian:12 AS build
WORKDIR /src
# Only what tells which packages to install, so that this layer outlives a change of the sources.
COPY dev ./
COPY tools/dev tools/dev
COPY stack stack
RUN ./dev deps
COPY . .
COPY --from=web /src/build/web build/web
RUN cmake --preset release \
 && cmake --build build/release --target outbox-processor outboxctl order-service invoice-service \
 && cmake --install build/release --component programs --prefix /programs

FROM debian:12-slim AS runtime
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates curl libcurl4 libfmt9 libjemalloc2 libmongoc-1.0-0 libpq5 libprometheus-cpp-core1.0 \
      librdkafka1 libspdlog1.10 libssl3 libtomlplusplus3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --no-create-home --uid 10001 outbox \
 && install -d -o outbox -g outbox -m 0700 /var/lib/outbox
COPY --from=build /programs/bin/ /usr/local/bin/
USER outbox
# Each service names its program: docker compose does, and so does `docker run IMAGE outboxctl …`.
CMD ["outboxctl", "--help"]
