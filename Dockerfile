# syntax=docker/dockerfile:1

# The image of every role: one static choice of entry point, no shell needed at run time, no
# root. Images are pinned by tag here so that a reader sees what they are; a release build
# pins them by digest as well:
#
#   docker buildx imagetools inspect debian:bookworm-slim --format '{{.Manifest.Digest}}'
#   docker build --build-arg RUST_IMAGE=rust:1.95-bookworm@sha256:... \
#                --build-arg RUNTIME_IMAGE=debian:bookworm-slim@sha256:... -t marquis .
ARG RUST_IMAGE=rust:1.95-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY . .
# The caches stay on the building machine and never become a layer.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p marquis \
    && install -D -m 755 target/release/marquis /out/marquis

FROM ${RUNTIME_IMAGE} AS runtime
LABEL org.opencontainers.image.title="marquis" \
      org.opencontainers.image.description="Self-hosted application platform in one binary" \
      org.opencontainers.image.licenses="MIT"
# ca-certificates: to verify a PostgreSQL or Redis behind TLS. modsecurity-crs: the rules of
# the gateway's firewall.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates modsecurity-crs \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 marquis \
    && useradd --system --uid 10001 --gid marquis --no-create-home --home-dir /var/lib/marquis \
        --shell /usr/sbin/nologin marquis \
    && install -d -o marquis -g marquis -m 700 /var/lib/marquis
COPY --from=build /out/marquis /usr/local/bin/marquis
USER 10001:10001
WORKDIR /var/lib/marquis
VOLUME /var/lib/marquis
EXPOSE 8080 8443 3001 3002 3003 3004 4000
STOPSIGNAL SIGTERM
# Right for the roles below; a container with one role overrides it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["marquis", "healthcheck", "http://127.0.0.1:3008/readyz"]
ENTRYPOINT ["marquis"]
CMD ["serve", "--role", "gateway,auth,users,chat,notifications,payments", "--migrate"]
