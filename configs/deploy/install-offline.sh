#!/bin/sh
# Install yujing from a folder that collect-wheels.sh filled, without any network. The environment is made anew and then takes the old one's
# place, so that a failed installation changes nothing; the one before stays as TARGET.before.
# sh install-offline.sh FOLDER [TARGET]   TARGET is /srv/yujing/.venv unless named; PYTHON names the interpreter (3.11 or later).
set -eu
folder=$(cd "${1:?name the folder with the wheels}" && pwd)
target=${2:-/srv/yujing/.venv}
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit("yujing needs Python 3.11 or later, found " + sys.version) if sys.version_info < (3, 11) else 0'
(cd "$folder" && sha256sum --check --quiet SHA256SUMS)
fresh="$target.new"
rm -rf "$fresh"
"$python" -m venv "$fresh"
pip() { PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS="$folder" "$fresh/bin/python" -m pip install --quiet --no-index --find-links "$folder" "$@"; }
pip --require-hashes --only-binary :all: --requirement "$folder/runtime.txt"
pip --no-deps "$folder"/yujing-*.whl
# A virtual environment knows its own path: the programs in it are written for the place it goes to.
find "$fresh/bin" -type f -exec grep -lI "$fresh/bin/python" {} + | while read -r program; do
    sed -i "s|$fresh/bin/python|$target/bin/python|g" "$program"
done
sed -i "s|$fresh|$target|g" "$fresh"/bin/activate* "$fresh/pyvenv.cfg"
"$fresh/bin/python" -I -c 'from importlib.metadata import version; import serving.cli.main; print("yujing " + version("yujing"))'
rm -rf "$target.before"
[ ! -e "$target" ] || mv "$target" "$target.before"
mv "$fresh" "$target"
echo "Installed in $target; restart the service, and check with: $target/bin/yujing doctor"
