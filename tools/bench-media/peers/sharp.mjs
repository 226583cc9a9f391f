// sharp's way of doing the job: node sharp.mjs usual|cascade|cascade-mozjpeg. harness.py has the protocol.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const sharp = createRequire(process.env.BENCH_MODULES)("sharp");
sharp.concurrency(Number(process.env.BENCH_THREADS));
// Every upload is another picture, so no run may profit from the one before.
sharp.cache(false);

const SIZES = { large: 1080, medium: 640, small: 150 };
const QUALITY = 85;
const inside = { fit: "inside", withoutEnlargement: true };

const jpeg = (mozjpeg) => (picture) => picture.jpeg({ quality: QUALITY, progressive: true, mozjpeg }).toBuffer();
const webp = (picture) => picture.webp({ quality: QUALITY }).toBuffer();

/** As its documentation does it: a pipeline from the upload for each file. */
async function usual(input) {
  const files = Object.entries(SIZES).flatMap(([name, side]) => {
    const picture = () => sharp(input).autoOrient().resize(side, side, inside);
    return [[`${name}.jpg`, jpeg(false)(picture())], [`${name}.webp`, webp(picture())]];
  });
  return collect(files);
}

/** The best that can be done with it: decoded once, smaller sizes made of larger ones. */
async function cascade(input, mozjpeg) {
  const files = [];
  let picture = sharp(input).autoOrient();
  for (const [name, side] of Object.entries(SIZES)) {
    const { data, info } = await picture.resize(side, side, inside).toColourspace("srgb").removeAlpha()
      .raw().toBuffer({ resolveWithObject: true });
    const raw = { width: info.width, height: info.height, channels: info.channels };
    const pixels = () => sharp(data, { raw });
    files.push([`${name}.jpg`, jpeg(mozjpeg)(pixels())], [`${name}.webp`, webp(pixels())]);
    picture = pixels();
  }
  return collect(files);
}

const collect = async (files) =>
  Object.fromEntries(await Promise.all(files.map(async ([name, bytes]) => [name, await bytes])));

const ways = {
  usual,
  cascade: (input) => cascade(input, false),
  "cascade-mozjpeg": (input) => cascade(input, true),
};
const job = ways[process.argv[2]];

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
say({ versions: `sharp ${sharp.versions.sharp} with libvips ${sharp.versions.vips} on Node ${process.versions.node}` });
for await (const line of createInterface({ input: process.stdin })) {
  const { photograph, keep } = JSON.parse(line);
  const input = readFileSync(photograph);
  const cpu = process.cpuUsage();
  const wall = performance.now();
  const files = await job(input);
  const took = performance.now() - wall;
  const { user, system } = process.cpuUsage(cpu);
  if (keep) for (const [name, bytes] of Object.entries(files)) writeFileSync(`${keep}/${name}`, bytes);
  say({ wall: took, cpu: (user + system) / 1000 });
}
