#!/bin/sh
# Gather everything that install-offline.sh needs into one folder, on a machine that reaches a package index and has this source.
# sh configs/deploy/collect-wheels.sh FOLDER [PLATFORM]   PLATFORM such as manylinux_2_28_aarch64 for ARM64 with glibc 2.28 or later
set -eu
folder=${1:?name a folder}
platform=${2:-}
source=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-python3}
mkdir -p "$folder"
if [ -n "$platform" ]; then
    # pip takes wheels of exactly the platforms named: those of older glibc run too.
    machine=${platform##*_2_*_}
    set -- --platform "$platform" --platform "manylinux_2_17_$machine" --platform "manylinux2014_$machine" --python-version 3.11
else
    set --
fi
"$python" -m pip download --quiet --only-binary :all: --require-hashes "$@" --requirement "$source/requirements/runtime.txt" --dest "$folder"
"$python" -m pip wheel --quiet --no-deps --wheel-dir "$folder" "$source"
cp "$source/requirements/runtime.txt" "$folder/runtime.txt"
cp -R "$source/configs/deploy" "$folder/"
(cd "$folder" && find . -name '*.whl' -exec sha256sum {} + | sort -k2 > SHA256SUMS)
echo "$(find "$folder" -name '*.whl' | wc -l) wheels are in $folder; carry it over and run deploy/install-offline.sh there."
