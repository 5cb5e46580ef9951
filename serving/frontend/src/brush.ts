// The colours of the map, as the style sheet has them: to fill outlines with, and pixel by pixel.

const SIDE = 6;

export interface Brush {
  style: string | CanvasPattern;
  /** A tile of SIDE x SIDE pixels. */
  pixels: Uint32Array;
}

/** Return a brush of one colour, hatched with another where one is given. */
export function brushOf(colour: string, hatching?: string): Brush {
  const tile = document.createElement("canvas");
  tile.width = tile.height = SIDE;
  const pen = tile.getContext("2d", { willReadFrequently: true })!;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, SIDE, SIDE);
  pen.strokeStyle = hatching ?? colour;
  if (hatching) pen.stroke(new Path2D("M-1,1L1,-1M0,6L6,0M5,7L7,5"));
  const pixels = new Uint32Array(pen.getImageData(0, 0, SIDE, SIDE).data.buffer);
  return { style: hatching ? pen.createPattern(tile, "repeat")! : colour, pixels };
}

/** A picture that is painted pixel by pixel, for what is too small to have a form. */
export class Pixels {
  readonly image: ImageData;
  private readonly at: Uint32Array;

  constructor(width: number, height: number, ground: Brush) {
    this.image = new ImageData(width, height);
    this.at = new Uint32Array(this.image.data.buffer).fill(ground.pixels[0]!);
  }

  box(west: number, north: number, east: number, south: number, brush: Brush): void {
    const { width, height } = this.image;
    const right = Math.min(Math.ceil(east), width),
      bottom = Math.min(Math.ceil(south), height);
    for (let y = Math.max(Math.floor(north), 0); y < bottom; y++)
      for (let x = Math.max(Math.floor(west), 0); x < right; x++) this.at[y * width + x] = brush.pixels[(y % SIDE) * SIDE + (x % SIDE)]!;
  }
}

/** Outlines filled a few at a time: a long path costs more than its parts. */
export class Outlines {
  private path = new Path2D();
  private count = 0;

  constructor(
    private readonly pen: CanvasRenderingContext2D,
    private readonly brush: Brush,
  ) {}

  add(trace: (path: Path2D) => void): void {
    trace(this.path);
    this.count++;
    if (this.count === 16) this.fill();
  }

  fill(): void {
    this.pen.fillStyle = this.brush.style;
    this.pen.fill(this.path);
    this.path = new Path2D();
    this.count = 0;
  }
}
