# The server as an image: built on the official Swift image, run on a slim Debian 12, not as root.
#
#   docker build -t patchbay .
#   docker run -p 443:50051 -v "$PWD/patchbay:/etc/patchbay:ro" --stop-timeout 150 patchbay
#
# The mounted folder holds patchbay.yaml and what it names. In a container `listen: address` is 0.0.0.0:50051 (with
# `tls`, or `plaintext: true` behind something that ends TLS) and `admin: address` stays on 127.0.0.1:8080. Calls that
# are up when the container is stopped run to their end, for two minutes at most: hence the stop timeout.

ARG SWIFT_VERSION=6.3.1
FROM swift:${SWIFT_VERSION}-bookworm AS build
WORKDIR /patchbay
# In the order of how rarely they change, so that each layer is kept as long as it can be.
COPY Scripts/bootstrap Scripts/bootstrap
RUN Scripts/bootstrap && rm -rf /var/lib/apt/lists/*
COPY . .
RUN swift build --configuration release --product patchbay --static-swift-stdlib \
  && install -D --strip "$(swift build --configuration release --product patchbay --static-swift-stdlib \
    --show-bin-path)/patchbay" /out/usr/local/bin/patchbay \
  && /out/usr/local/bin/patchbay --help >/dev/null

FROM debian:12-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends \
    ca-certificates libcurl4 libgrpc29 libmicrohttpd12 libogg0 libopus0 libopusenc0 libprotobuf-c1 libspeexdsp1 libssl3 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin patchbay
COPY --from=build /out/ /
# Fails the build, rather than the first start, where a library is missing.
RUN patchbay --help >/dev/null
USER 10001:10001
WORKDIR /etc/patchbay
EXPOSE 50051 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.[01] 200' <&3"]
ENTRYPOINT ["patchbay"]
CMD ["serve", "--config", "/etc/patchbay/patchbay.yaml"]
