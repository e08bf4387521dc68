# PostgreSQL with leadroute, from registries only: Docker Hub, Debian, crates.io (and PyPI for the headers of versions other than 15).
#   docker build --build-arg PG=17 -t leadroute:17 .
ARG PG=15
FROM rust:1.95-bookworm AS build
ARG PG
WORKDIR /leadroute
COPY . .
RUN apt-get update \
    && PG_MAJOR=$PG dev/prerequisites.sh package \
    && PG_MAJOR=$PG dev/package.sh release debian \
    && mkdir /packages \
    && mv target/packages/*.deb /packages/

FROM postgres:${PG}-bookworm
COPY --from=build /packages /packages
# The package needs PostgreSQL by the name of Debian's, which is that of the image's, too.
RUN apt-get update \
    && apt-get install -y --no-install-recommends /packages/*.deb \
    && rm -rf /packages /var/lib/apt/lists/*
