using Dmkd.Data.Images.Folders;

namespace Dmkd.Data.Tests.Images;

/// <summary>
/// The expected values are Pillow 9.4's: an image whose value at (x, y, c) is (37x + 59y + 101c + 13xy) mod 256, through
/// <c>resize((n, n), Image.BILINEAR)</c>; the first plane, or all three of the small ones.
/// </summary>
public sealed class TriangleFilterTests
{
    public static TheoryData<int, int, int, int[]> Pillow { get; } =
        new()
        {
            {
                7,
                5,
                4,
                [
                    36,
                    99,
                    127,
                    172,
                    113,
                    169,
                    87,
                    131,
                    182,
                    150,
                    143,
                    141,
                    172,
                    156,
                    151,
                    81,
                    134,
                    148,
                    171,
                    90,
                    156,
                    74,
                    125,
                    130,
                    90,
                    144,
                    146,
                    133,
                    102,
                    91,
                    126,
                    97,
                    165,
                    83,
                    119,
                    148,
                    59,
                    145,
                    170,
                    148,
                    128,
                    126,
                    149,
                    151,
                    118,
                    102,
                    110,
                    155,
                ]
            },
            {
                5,
                9,
                5,
                [
                    34,
                    78,
                    123,
                    149,
                    83,
                    125,
                    190,
                    175,
                    111,
                    128,
                    176,
                    129,
                    158,
                    187,
                    140,
                    91,
                    156,
                    141,
                    127,
                    112,
                    182,
                    78,
                    193,
                    89,
                    77,
                ]
            },
            {
                3,
                2,
                5,
                [
                    0,
                    15,
                    37,
                    59,
                    74,
                    6,
                    21,
                    44,
                    67,
                    82,
                    30,
                    47,
                    73,
                    99,
                    117,
                    53,
                    73,
                    102,
                    131,
                    151,
                    59,
                    79,
                    109,
                    139,
                    159,
                ]
            },
            {
                9,
                9,
                8,
                [
                    15,
                    57,
                    100,
                    126,
                    147,
                    191,
                    70,
                    58,
                    82,
                    141,
                    176,
                    107,
                    60,
                    119,
                    130,
                    172,
                    148,
                    201,
                    149,
                    115,
                    141,
                    175,
                    124,
                    81,
                    198,
                    155,
                    140,
                    178,
                    127,
                    79,
                    129,
                    99,
                    125,
                    133,
                    189,
                    152,
                    116,
                    84,
                    150,
                    136,
                    94,
                    174,
                    139,
                    128,
                    108,
                    81,
                    144,
                    190,
                    132,
                    90,
                    112,
                    96,
                    93,
                    101,
                    72,
                    162,
                    190,
                    125,
                    188,
                    77,
                    90,
                    83,
                    132,
                    90,
                ]
            },
            {
                40,
                31,
                3,
                [
                    125,
                    124,
                    121,
                    128,
                    118,
                    117,
                    133,
                    127,
                    127,
                    123,
                    122,
                    122,
                    127,
                    123,
                    130,
                    129,
                    126,
                    122,
                    133,
                    133,
                    133,
                    126,
                    137,
                    137,
                    122,
                    127,
                    129,
                ]
            },
        };

    [Theory]
    [MemberData(nameof(Pillow))]
    public void Resize_AnySize_IsPillowsBilinear(int width, int height, int size, int[] expected)
    {
        byte[] planes = new byte[3 * size * size];

        TriangleFilter.Resize(Pattern(width, height), width, height, size, planes);

        Assert.Equal(expected, planes.Take(expected.Length).Select(value => (int)value));
    }

    [Fact]
    public void Resize_BetweenHalfAndWhole_AveragesStripes()
    {
        // Stripes of one pixel at 45 to 32: without antialiasing some columns are black and some are white.
        byte[] stripes = [.. Enumerable.Range(0, 45 * 45).SelectMany(i => Pixel((byte)(i % 45 % 2 * 255)))];
        byte[] planes = new byte[3 * 32 * 32];

        TriangleFilter.Resize(stripes, 45, 45, 32, planes);

        Assert.InRange(planes.Max() - planes.Min(), 0, 110);
    }

    [Fact]
    public void Resize_AroundAPowerOfTwo_DoesNotJump()
    {
        // The same gradient, one pixel larger or smaller than twice the result: the results are nearly the same.
        byte[][] results = [.. new[] { 63, 64, 65 }.Select(GradientAt32)];

        for (int i = 0; i < results[0].Length; i++)
        {
            Assert.InRange(results[0][i] - results[1][i], -4, 4);
            Assert.InRange(results[2][i] - results[1][i], -4, 4);
        }
    }

    private static byte[] GradientAt32(int side)
    {
        byte[] gradient =
        [
            .. Enumerable.Range(0, side * side).SelectMany(i => Pixel((byte)(i % side * 255 / (side - 1)))),
        ];
        byte[] planes = new byte[3 * 32 * 32];
        TriangleFilter.Resize(gradient, side, side, 32, planes);
        return planes;
    }

    private static byte[] Pattern(int width, int height)
    {
        byte[] pixels = new byte[4 * width * height];
        for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
        for (int c = 0; c < 3; c++)
            pixels[4 * (y * width + x) + c] = (byte)(x * 37 + y * 59 + c * 101 + x * y * 13);
        return pixels;
    }

    private static byte[] Pixel(byte value) => [value, value, value, 255];
}
