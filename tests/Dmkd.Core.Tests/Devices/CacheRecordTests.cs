using System.Buffers.Binary;
using Dmkd.Core.Devices;

namespace Dmkd.Core.Tests.Devices;

public class CacheRecordTests
{
    // An EPYC's: 32 kB, 512 kB, as the processor packs them.
    private static readonly CacheLeaves Usual = new(0x20080140, 0x02006140);

    [Fact]
    public void Mended_ThreeLevelsOfOneByte_TakesTheSizesOfTheOlderLeaves() =>
        Assert.Equal(new CacheSizes(32 << 10, 512 << 10, 1 << 20), CacheRecord.Mended(Record(3, 1, 1, 1), Usual));

    [Theory]
    [InlineData(0u, 0u)] // the leaves are hidden, too
    [InlineData(0x20080140u, 0u)]
    [InlineData(0xff000000u, 0x00106140u)] // a first level larger than the second
    public void Mended_LeavesThatCannotBe_TakesWhatOneDnnWouldGuess(uint first, uint second) =>
        Assert.Equal(
            new CacheSizes(32 << 10, 512 << 10, 1 << 20),
            CacheRecord.Mended(Record(3, 1, 1, 1), new CacheLeaves(first, second))
        );

    [Theory]
    [InlineData(3, 32768u, 524288u, 1048576u)] // sound
    [InlineData(3, 1u, 1u, 0u)]
    [InlineData(3, 1u, 1u, 2u)]
    [InlineData(3, 1u, 524288u, 1u)]
    [InlineData(3, 0u, 0u, 0u)]
    [InlineData(2, 1u, 1u, 1u)]
    [InlineData(0, 1u, 1u, 1u)]
    [InlineData(int.MaxValue, 1u, 1u, 1u)]
    public void Mended_OddValues_LeavesThemAlone(int levels, uint first, uint second, uint third) =>
        Assert.Null(CacheRecord.Mended(Record(levels, first, second, third), Usual));

    [Fact]
    public void Mended_RecordThatIsCutShort_LeavesItAlone() =>
        Assert.Null(CacheRecord.Mended(Record(3, 1, 1, 1).AsSpan(..^1), Usual));

    [Fact]
    public void Write_Sizes_ChangesNothingElse()
    {
        byte[] record = Record(3, 1, 1, 1);
        CacheRecord.Write(record, new CacheSizes(1 << 15, 1 << 19, 1 << 20));
        Assert.Equal(Record(3, 1 << 15, 1 << 19, 1 << 20), record);
    }

    private static byte[] Record(int levels, params ReadOnlySpan<uint> sizes)
    {
        byte[] record = new byte[CacheRecord.Length];
        for (int i = 0; i < sizes.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(28 + 4 * i), sizes[i]);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(108), levels);
        return record;
    }
}
