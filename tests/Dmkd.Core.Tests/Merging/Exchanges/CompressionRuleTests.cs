using Dmkd.Core.Merging.Exchanges;

namespace Dmkd.Core.Tests.Merging.Exchanges;

public class CompressionRuleTests
{
    [Theory]
    [InlineData(new long[] { 64 }, 1, false)] // a vector
    [InlineData(new long[] { }, 1, false)] // a single value
    [InlineData(new long[] { 48, 48, 3, 3 }, 4, true)] // 4 * (48 + 432 + 1) = 1924 < 20736
    [InlineData(new long[] { 8, 48 }, 6, true)] // 6 * 57 = 342 < 384
    [InlineData(new long[] { 8, 48 }, 7, false)] // 7 * 57 = 399 > 384
    [InlineData(new long[] { 8, 48 }, 8, false)] // full rank
    [InlineData(new long[] { 8, 48 }, 1000, false)] // above full rank
    [InlineData(new long[] { 2, 3 }, 1, false)] // 1 * 6 = 6, not below 6
    [InlineData(new long[] { 0, 5 }, 1, false)]
    public void UsesTriplets_FollowsTheSizes(long[] shape, int rank, bool expected) =>
        Assert.Equal(expected, CompressionRule.UsesTriplets(shape, rank));

    [Theory]
    [InlineData(new long[] { 64 }, 1, false)]
    [InlineData(new long[] { 48, 48, 3, 3 }, 4, true)]
    [InlineData(new long[] { 2, 3 }, 1, true)] // 1 * 5 < 6: one value less than with a singular value
    [InlineData(new long[] { 4, 4 }, 2, false)] // 2 * 8 = 16, not below 16
    [InlineData(new long[] { 0, 5 }, 1, false)]
    public void UsesSubspace_FollowsTheSizes(long[] shape, int rank, bool expected) =>
        Assert.Equal(expected, CompressionRule.UsesSubspace(shape, rank));

    [Fact]
    public void Rules_NoRank_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => CompressionRule.UsesTriplets([4, 4], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => CompressionRule.UsesSubspace([4, 4], 0));
    }
}
