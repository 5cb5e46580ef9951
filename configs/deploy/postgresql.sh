#!/bin/sh
# Role and databases for yujing and MLflow, as a superuser makes them once. The role is none, or row-level security would not bind it.
# On a server of your own: PGUSER=postgres YUJING_PASSWORD=... sh postgresql.sh
set -eu
psql --set ON_ERROR_STOP=1 --set password="${YUJING_PASSWORD:-${POSTGRES_PASSWORD:?}}" --username "${POSTGRES_USER:-${PGUSER:-postgres}}" --dbname postgres <<'SQL'
CREATE ROLE yujing LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE yujing OWNER yujing TEMPLATE template0 ENCODING 'UTF8';
CREATE DATABASE mlflow OWNER yujing TEMPLATE template0 ENCODING 'UTF8';
REVOKE CONNECT ON DATABASE yujing, mlflow FROM PUBLIC;
SQL
