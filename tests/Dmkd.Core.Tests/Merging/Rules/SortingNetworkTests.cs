using Dmkd.Core.Merging.Rules;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Rules;

public sealed class SortingNetworkTests
{
    [Fact]
    public void Comparisons_AllZerosAndOnes_SortThem()
    {
        // A network that sorts every sequence of zeros and ones sorts everything (Knuth, theorem 5.3.4Z).
        for (int count = 1; count <= 14; count++)
        {
            (int First, int Second)[] comparisons = [.. SortingNetwork.Comparisons(count)];
            for (int bits = 0; bits < 1 << count; bits++)
            {
                int values = bits;
                foreach (var (first, second) in comparisons)
                    if ((values >> first & 1) > (values >> second & 1))
                        values ^= 1 << first | 1 << second;
                Assert.True(values == (1 << count) - (1 << count - int.PopCount(bits)), $"{count} places, {bits:b}");
            }
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(4, 5)]
    [InlineData(8, 19)]
    [InlineData(16, 63)]
    public void Comparisons_PowersOfTwo_AreAsManyAsBatchers(int count, int expected) =>
        Assert.Equal(expected, SortingNetwork.Comparisons(count).Count());

    [Fact]
    public void Sort_RandomRows_EqualsTorchSort()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var values = randn([37, 50], generator: generator);
        var rows = values.unbind(0);
        SortingNetwork.Sort(rows);
        Assert.True(values.sort(0).Values.eq(stack(rows)).all().item<bool>());
    }
}
