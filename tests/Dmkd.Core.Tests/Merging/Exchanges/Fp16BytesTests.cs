using System.Runtime.InteropServices;
using CsCheck;
using Dmkd.Core.Merging.Exchanges;

namespace Dmkd.Core.Tests.Merging.Exchanges;

public class Fp16BytesTests
{
    [Theory]
    [InlineData(1f, 1f)]
    [InlineData(-0.333251953125f, -0.333251953125f)] // representable
    [InlineData(2049f, 2048f)] // a tie goes to the even neighbour
    [InlineData(2051f, 2052f)]
    [InlineData(2049.001f, 2050f)]
    [InlineData(65504f, 65504f)] // the largest
    [InlineData(65519.996f, 65504f)] // rounds down to it
    [InlineData(65520f, 65504f)] // would round to infinity
    [InlineData(3e38f, 65504f)]
    [InlineData(-3e38f, -65504f)]
    [InlineData(5.9604645e-8f, 5.9604645e-8f)] // the smallest
    [InlineData(2.9802322e-8f, 0f)] // half of it: a tie, to zero
    [InlineData(1e-30f, 0f)]
    public void FromFp32_Value_IsTheNearestFinite(float value, float expected) =>
        Assert.Equal(expected, RoundTrip(value));

    [Fact]
    public void FromFp32_Bytes_AreLittleEndian() =>
        Assert.Equal([0x00, 0x3C, 0x00, 0xC0], Fp16Bytes.FromFp32(Bytes(1f, -2f))); // 0x3C00, 0xC000

    [Fact]
    public void ToFp32_EveryFiniteHalf_ComesBackUnchanged()
    {
        var finite = Enumerable.Range(0, 1 << 16).Where(bits => (bits & 0x7C00) != 0x7C00);
        byte[] all = MemoryMarshal.AsBytes<ushort>([.. finite.Select(bits => (ushort)bits)]).ToArray();
        Assert.Equal(all, Fp16Bytes.FromFp32(Fp16Bytes.ToFp32(all)));
    }

    [Fact]
    public void FromFp32_NormalValue_IsWithinHalfAUnitOfElevenBits() =>
        Gen.Float[6.2e-5f, 65504f]
            .Sample(
                value => Assert.InRange(Math.Abs(RoundTrip(value) - value) / value, 0, 1.0 / 2048),
                iter: 10_000,
                threads: 1
            );

    [Fact]
    public void LargestMagnitude_Values_IsTheLargestWithoutSign() =>
        Assert.Equal(2.5f, Fp16Bytes.MaxMagnitude(Fp16Bytes.FromFp32(Bytes(1, -2.5f, 0.5f))));

    [Fact]
    public void LargestMagnitude_NoValues_IsZero() => Assert.Equal(0, Fp16Bytes.MaxMagnitude([]));

    private static float RoundTrip(float value) =>
        MemoryMarshal.Cast<byte, float>(Fp16Bytes.ToFp32(Fp16Bytes.FromFp32(Bytes(value))))[0];

    private static byte[] Bytes(params float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();
}
