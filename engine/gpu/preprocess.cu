// Camera picture to network input in one pass: crop or turned cut, luma, area resize, whitening, the network's
// number type.
//
// The twin of engine/crop.py and of `cut` in engine/stabilise.py. Everything up to the uint8 level is whole-number
// arithmetic, so every compiler and every GPU gives the same level; the whitening is one subtraction and one product
// in float32, in that order.
// Compiles as CUDA (NVRTC, nvcc) and as plain C++, which then has a loop in place of the kernel. No headers.

#ifdef __CUDACC__
#define HOST_DEVICE __host__ __device__ __forceinline__
#else
#define HOST_DEVICE inline
#endif

// Lies in device memory and is read at every run: a captured graph follows its changes.
// engine/gpu/parameters.py has the same fields in the same order; all are 4 bytes.
struct Parameters {
    int crop_x, crop_y, crop_width, crop_height;  // picture pixels, inside the picture
    int picture_width, picture_height;            // of the whole picture, which the buffer has room for
    int pitch;                                    // bytes from one row of the buffer to the next
    int layout;
    int out_width, out_height;
    int number_type;
    int is_whitened;
    float mean;               // gray levels
    float inverse_deviation;  // 1 / gray levels
    int is_turned;            // the rest is for that alone: engine/stabilise.py's Placement
    int factor, samples;
    int x_by_column, x_by_row, first_x;  // from samples to the smaller picture, in 1 / 65536 of its pixels
    int y_by_column, y_by_row, first_y;
};

enum Layout { MONO = 0, BGR = 1, RGGB = 2, BGGR = 3, GRBG = 4, GBRG = 5 };
enum NumberType { UINT8 = 0, FLOAT16 = 1, FLOAT32 = 2 };

typedef unsigned char Byte;

HOST_DEVICE int smaller(int a, int b) { return a < b ? a : b; }
HOST_DEVICE int larger(int a, int b) { return a > b ? a : b; }

// ---- Luma, ITU-R BT.601, rounded to a level as OpenCV rounds it -----------------------------------------------

// 15-bit weights: OpenCV's COLOR_BGR2GRAY for all 2^24 colours.
HOST_DEVICE int luma_of_bgr(const Byte* pixel) {
    return (3735 * pixel[0] + 19235 * pixel[1] + 9798 * pixel[2] + (1 << 14)) >> 15;
}

// Bilinear demosaic and luma in one rounding, 14-bit weights: OpenCV's COLOR_Bayer*2GRAY. The picture's border rows
// and columns repeat their inner neighbours. A picture is at least 3 x 3.
template <int LAYOUT>
HOST_DEVICE int luma_of_bayer(const Byte* picture, const Parameters& p, int x, int y) {
    const int red_x = LAYOUT == BGGR || LAYOUT == GRBG;
    const int red_y = LAYOUT == BGGR || LAYOUT == GBRG;
    x = smaller(larger(x, 1), p.picture_width - 2);
    y = smaller(larger(y, 1), p.picture_height - 2);
    const Byte* above = picture + (long long)(y - 1) * p.pitch + x;
    const Byte* here = above + p.pitch;
    const Byte* below = here + p.pitch;
    const int across = here[-1] + here[1];
    const int along = above[0] + below[0];
    const int diagonal = above[-1] + above[1] + below[-1] + below[1];
    const bool is_red_row = ((y ^ red_y) & 1) == 0;
    const bool is_red_column = ((x ^ red_x) & 1) == 0;
    int red, green, blue;  // each four times its value
    if (is_red_row == is_red_column) {
        green = across + along;
        red = is_red_row ? 4 * here[0] : diagonal;
        blue = is_red_row ? diagonal : 4 * here[0];
    } else {
        green = 4 * here[0];
        red = 2 * (is_red_row ? across : along);
        blue = 2 * (is_red_row ? along : across);
    }
    return (1868 * blue + 9617 * green + 4899 * red + (1 << 15)) >> 16;
}

template <int LAYOUT>
HOST_DEVICE int luma(const Byte* picture, const Parameters& p, int x, int y) {
    if (LAYOUT == MONO) return picture[(long long)y * p.pitch + x];
    if (LAYOUT == BGR) return luma_of_bgr(picture + (long long)y * p.pitch + 3 * x);
    return luma_of_bayer<LAYOUT>(picture, p, x, y);
}

// ---- Resize ---------------------------------------------------------------------------------------------------

// The nearest whole number to sum / count; a half goes to the even one, or up.
HOST_DEVICE int rounded(unsigned long long sum, unsigned long long count, bool is_half_up) {
    const unsigned long long quotient = sum / count;
    const unsigned long long twice = 2 * (sum - quotient * count);
    const bool is_up = twice > count || (twice == count && (is_half_up || (quotient & 1)));
    return (int)quotient + is_up;
}

// Exact area averaging. Along each axis a crop of `size` pixels makes `count` results, each of them `size` / `count`
// pixels wide; in units of 1 / `count` pixel all borders and overlaps are whole numbers.
template <int LAYOUT>
HOST_DEVICE int level_by_area(const Byte* picture, const Parameters& p, int column, int row) {
    const int left = column * p.crop_width, right = left + p.crop_width;
    const int top = row * p.crop_height, bottom = top + p.crop_height;
    const int first_x = left / p.out_width, last_x = (right - 1) / p.out_width;
    const int first_y = top / p.out_height, last_y = (bottom - 1) / p.out_height;
    unsigned long long sum = 0;
    for (int y = first_y; y <= last_y; ++y) {
        const int height = smaller(bottom, (y + 1) * p.out_height) - larger(top, y * p.out_height);
        unsigned int across = 0;
        for (int x = first_x; x <= last_x; ++x) {
            const int width = smaller(right, (x + 1) * p.out_width) - larger(left, x * p.out_width);
            across += (unsigned int)(width * luma<LAYOUT>(picture, p, p.crop_x + x, p.crop_y + y));
        }
        sum += (unsigned long long)across * (unsigned int)height;
    }
    const bool is_halving = p.crop_width == 2 * p.out_width && p.crop_height == 2 * p.out_height;
    return rounded(sum, (unsigned long long)p.crop_width * (unsigned int)p.crop_height, is_halving);
}

// Where a result's centre lies between two pixels of one axis; weights are of 2048.
struct Between {
    int first, second, weight_of_second;  // beyond a border both are the outermost pixel
};

HOST_DEVICE Between between(int index, int size, int count) {
    const long long unit = 2LL * count;
    const long long place = (2LL * index + 1) * size - count + unit;  // in units of 1 / (2 * count) pixel, from pixel -1
    const int first = (int)(place / unit) - 1;
    const long long beyond = place - (first + 1) * unit;
    const int weight = rounded((unsigned long long)beyond * 2048, (unsigned long long)unit, false);
    return {larger(first, 0), smaller(first + 1, size - 1), weight};
}

// Bilinear, in OpenCV's fixed-point steps.
template <int LAYOUT>
HOST_DEVICE int level_between(const Byte* picture, const Parameters& p, int column, int row) {
    const Between x = between(column, p.crop_width, p.out_width);
    const Between y = between(row, p.crop_height, p.out_height);
    int across[2];
    for (int index = 0; index < 2; ++index) {
        const int line = p.crop_y + (index ? y.second : y.first);
        across[index] = (2048 - x.weight_of_second) * luma<LAYOUT>(picture, p, p.crop_x + x.first, line) +
                        x.weight_of_second * luma<LAYOUT>(picture, p, p.crop_x + x.second, line);
    }
    const int above = ((2048 - y.weight_of_second) * (across[0] >> 4)) >> 16;
    const int below = (y.weight_of_second * (across[1] >> 4)) >> 16;
    return (above + below + 2) >> 2;
}

// ---- A head held still ----------------------------------------------------------------------------------------

// A pixel of the picture made smaller by a whole factor, times the square of that; beyond a border the outermost.
template <int LAYOUT>
HOST_DEVICE unsigned int smaller_pixel(const Byte* picture, const Parameters& p, int x, int y) {
    const int first_x = p.factor * smaller(larger(x, 0), p.picture_width / p.factor - 1);
    const int first_y = p.factor * smaller(larger(y, 0), p.picture_height / p.factor - 1);
    unsigned int sum = 0;
    for (int down = 0; down < p.factor; ++down)
        for (int across = 0; across < p.factor; ++across)
            sum += (unsigned int)luma<LAYOUT>(picture, p, first_x + across, first_y + down);
    return sum;
}

// The mean of bilinear samples along turned lines; places and weights are of 256, and nothing is rounded before the end.
template <int LAYOUT>
HOST_DEVICE int level_turned(const Byte* picture, const Parameters& p, int column, int row) {
    unsigned long long sum = 0;
    for (int down = 0; down < p.samples; ++down) {
        for (int across = 0; across < p.samples; ++across) {
            const long long i = (long long)column * p.samples + across, j = (long long)row * p.samples + down;
            const int x = (int)((p.first_x + i * p.x_by_column + j * p.x_by_row + 128) >> 8);
            const int y = (int)((p.first_y + i * p.y_by_column + j * p.y_by_row + 128) >> 8);
            const int left = x >> 8, above = y >> 8;
            const unsigned long long right_weight = x & 255, below_weight = y & 255;
            const unsigned long long upper =
                (256 - right_weight) * smaller_pixel<LAYOUT>(picture, p, left, above) +
                right_weight * smaller_pixel<LAYOUT>(picture, p, left + 1, above);
            const unsigned long long lower =
                (256 - right_weight) * smaller_pixel<LAYOUT>(picture, p, left, above + 1) +
                right_weight * smaller_pixel<LAYOUT>(picture, p, left + 1, above + 1);
            sum += (256 - below_weight) * upper + below_weight * lower;
        }
    }
    const unsigned long long side = 256ull * (unsigned int)(p.samples * p.factor);
    return rounded(sum, side * side, true);
}

template <int LAYOUT>
HOST_DEVICE int level_at(const Byte* picture, const Parameters& p, int column, int row) {
    if (p.is_turned) return level_turned<LAYOUT>(picture, p, column, row);
    const bool is_shrinking = p.crop_width >= p.out_width && p.crop_height >= p.out_height;
    return is_shrinking ? level_by_area<LAYOUT>(picture, p, column, row)
                        : level_between<LAYOUT>(picture, p, column, row);
}

HOST_DEVICE int level_of_any(const Byte* picture, const Parameters& p, int column, int row) {
    switch (p.layout) {
        case MONO: return level_at<MONO>(picture, p, column, row);
        case BGR: return level_at<BGR>(picture, p, column, row);
        case RGGB: return level_at<RGGB>(picture, p, column, row);
        case BGGR: return level_at<BGGR>(picture, p, column, row);
        case GRBG: return level_at<GRBG>(picture, p, column, row);
        default: return level_at<GBRG>(picture, p, column, row);
    }
}

// ---- The network's numbers ------------------------------------------------------------------------------------

// IEEE 754 binary16, to the nearest, a half to the even one.
HOST_DEVICE unsigned short float16_bits(float value) {
#ifdef __CUDA_ARCH__
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
#else
    union { float number; unsigned int bits; } word;
    word.number = value;
    const unsigned int sign = word.bits >> 16 & 0x8000u;
    const unsigned int size = word.bits & 0x7fffffffu;
    if (size >= 0x47800000u) return (unsigned short)(sign | (size > 0x7f800000u ? 0x7fffu : 0x7c00u));
    if (size < 0x33000000u) return (unsigned short)sign;
    int dropped = 13;
    unsigned int digits = size - 0x38000000u;  // the exponent's bias: 127 there, 15 here
    if (size < 0x38800000u) {                  // below 2^-14 the leading one is written out
        dropped = 126 - (int)(size >> 23);
        digits = (size & 0x7fffffu) | 0x800000u;
    }
    const unsigned int kept = digits >> dropped;
    const unsigned int rest = digits & ((1u << dropped) - 1u), half = 1u << (dropped - 1);
    return (unsigned short)(sign | (kept + (rest > half || (rest == half && (kept & 1u)))));
#endif
}

HOST_DEVICE void prepare_pixel(const Parameters& p, const Byte* picture, void* out, int column, int row) {
    const int level = level_of_any(picture, p, column, row);
    const int place = row * p.out_width + column;
    if (p.number_type == UINT8) {
        ((Byte*)out)[place] = (Byte)level;
        return;
    }
    const float value = p.is_whitened ? ((float)level - p.mean) * p.inverse_deviation : (float)level;
    if (p.number_type == FLOAT16) {
        ((unsigned short*)out)[place] = float16_bits(value);
    } else {
        ((float*)out)[place] = value;
    }
}

#ifdef __CUDACC__

// One thread a result. `out`: [out_height, out_width], rows without gaps.
extern "C" __global__ void prepare(
    const Parameters* __restrict__ parameters, const Byte* __restrict__ picture, void* __restrict__ out) {
    const Parameters p = *parameters;
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (column < p.out_width && row < p.out_height) prepare_pixel(p, picture, out, column, row);
}

#else

extern "C" void prepare_on_host(const Parameters* parameters, const Byte* picture, void* out) {
    for (int row = 0; row < parameters->out_height; ++row)
        for (int column = 0; column < parameters->out_width; ++column)
            prepare_pixel(*parameters, picture, out, column, row);
}

extern "C" int parameters_size() { return (int)sizeof(Parameters); }

#endif
