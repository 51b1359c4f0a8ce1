using Dmkd.Core.Merging;

namespace Dmkd.Core.Tests.Merging;

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
    public void UsesLowRank_FollowsTheSizes(long[] shape, int rank, bool expected) => Assert.Equal(expected, CompressionRule.UsesLowRank(shape, rank));

    [Fact]
    public void UsesLowRank_NoRank_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => CompressionRule.UsesLowRank([4, 4], 0));
}
