#!/usr/bin/env bash
# Fetches what `make bench-media` compares and what it compares on, into the folder that is named: photographs from Debian's
# packages, sharp from npm, libvips and Pillow from PyPI. Nothing is installed into the system, and what is there already stays.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=${1:?into which folder}
mkdir -p "$into/photographs"

needs() {
  command -v "$1" >/dev/null || { echo "bench-media needs $1: $2" >&2; exit 1; }
}
needs node "it runs sharp, one of those it compares with"
needs npm "it fetches sharp"
needs python3 "it runs libvips and Pillow, two of those it compares with"

say() {
  echo "  fetching $1" >&2
}

# sharp's package names the builds of its native part as optional packages of the very same version.
sharp=0.35.5
if [[ ! -e $into/npm/sharp-$sharp ]]; then
  say "sharp $sharp"
  rm -rf "$into/npm" && mkdir -p "$into/npm"
  npm install --prefix "$into/npm" --no-save --no-package-lock --no-audit --no-fund --silent "sharp@$sharp"
  touch "$into/npm/sharp-$sharp"
fi

if ! cmp -s "$here/peers/requirements.txt" "$into/python/requirements.txt"; then
  say "libvips and Pillow"
  python3 -m venv --clear "$into/python"
  "$into/python/bin/pip" install --quiet --only-binary cffi,pillow,pillow-heif,pycparser,pyvips-binary --requirement "$here/peers/requirements.txt"
  cp "$here/peers/requirements.txt" "$into/python/"
fi

# name, SHA-256, release of Debian, package, version, the file in it. `source` before a package's name means its source.
photographs=(
  "room   7c958c45be641b04a4e50d8d25f8a1e46537ffa00dff0514896c0b9bab664f84 bookworm source/exiv2             0.27.6-1  exiv2-0.27.6/test/data/exiv2-bug922a.jpg"
  "bird   6572410c09f4492c74ccadde133565a14c0161617d5917d4c820c66d65a44ba7 bookworm lomiri-wallpapers-20.04  20.04.0-2 ./usr/share/backgrounds/Kleiber_by_Lukas_Baubkus.jpg"
  "meadow a5634d1ab5e41a3568e92d4a894a500c92b891f9ff734e50bd224d6e185a605f bookworm lomiri-wallpapers-16.04  20.04.0-2 ./usr/share/backgrounds/seeding_by_Clements_Engelhardt.jpg"
  "leaves af5af17841009732def24b09bb1e669a1b09d2b4bdeee7812c371101c30d2bb3 bookworm lomiri-wallpapers-16.04  20.04.0-2 ./usr/share/backgrounds/Dragonfly_by_Bolly.jpg"
  "hill   474dab6a4b9f94dc76c29dfe30e9f5db4af0fd2e33fe5d695f8152b371efca18 bookworm lomiri-wallpapers-16.04  20.04.0-2 ./usr/share/backgrounds/sunset_by_Aitzol_Berasategi.jpg"
  "sea    df7a52b652dc381ce7ddb20db2c229af2222f167193e02920919043a58087fac bullseye gnome-backgrounds        3.38.0-1  ./usr/share/backgrounds/gnome/SeaSunset.jpg"
  "smoke  c05c28d1f6a374d26728076b5e2946121595e172f298ebb21ec1f7a4a7b8a56b bullseye gnome-backgrounds        3.38.0-1  ./usr/share/backgrounds/gnome/LightWaves.jpg"
  "paint  4e4d3843319508f706c24a827dc9ae2400c347942602fa027db726bd3da5334b bullseye gnome-backgrounds        3.38.0-1  ./usr/share/backgrounds/gnome/Acrylic.jpg"
)

# Asks apt about one release of Debian, whatever this machine runs, with all that apt writes kept in the folder.
apt() {
  local release=$1 home=$into/apt/$1
  shift
  if [[ ! -d $home ]]; then
    needs apt-get "the photographs are in Debian's packages"
    local mirror
    # Not a pipe into `head`, which would end apt-get early.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages')
    mirror=$(grep --max-count 1 '/debian/$' <<<"$mirror") ||
      { echo "bench-media: this machine's apt knows no mirror of Debian" >&2; return 1; }
    mkdir -p "$home"/{lists,cache/archives}/partial "$home/packages"
    printf '%s\n' {deb,deb-src}" [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release main" \
      >"$home/sources.list"
    apt "$release" update >"$home/update.log" 2>&1 || { cat "$home/update.log" >&2; rm -rf "$home"; return 1; }
  fi
  (cd "$home/packages" && apt-get --quiet=2 -o "Dir::Etc::sourcelist=$home/sources.list" -o Dir::Etc::sourceparts=- \
    -o "Dir::State::lists=$home/lists" -o "Dir::Cache=$home/cache" -o Dir::State::status=/dev/null \
    -o APT::Sandbox::User=root "$@")
}

# Writes a file of a package to standard output.
unpack() {
  local release=$1 package=$2 version=$3 file=$4 folder=$into/apt/$1/packages
  if [[ $package == source/* ]]; then
    package=${package#source/}
    local archive=${package}_${version%-*}.orig.tar.gz
    [[ -e $folder/$archive ]] || apt "$release" source --download-only "$package=$version" >&2
    tar --extract --gzip --to-stdout --file "$folder/$archive" "$file"
  else
    local archive=${package}_${version}_all.deb
    [[ -e $folder/$archive ]] || apt "$release" download "$package=$version" >&2
    dpkg-deb --fsys-tarfile "$folder/$archive" | tar --extract --to-stdout "$file"
  fi
}

for line in "${photographs[@]}"; do
  read -r name sum release package version file <<<"$line"
  target=$into/photographs/$name.jpg
  [[ -e $target ]] && continue
  say "the photograph $name"
  if ! unpack "$release" "$package" "$version" "$file" >"$target.new"; then
    echo "bench-media: $name goes missing, $package $version cannot be fetched" >&2
  elif ! sha256sum --status --check - <<<"$sum  $target.new"; then
    echo "bench-media: $name is not the picture it was: $package $version" >&2
  else
    mv "$target.new" "$target"
    continue
  fi
  rm -f "$target.new"
done
