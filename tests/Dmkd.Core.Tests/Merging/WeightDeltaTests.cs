using Dmkd.Core.Merging;
using Dmkd.Core.Tests.Devices;

namespace Dmkd.Core.Tests.Merging;

public class WeightDeltaTests
{
    [Fact]
    public void Between_TwoSets_IsUpdatedMinusBase()
    {
        using var start = TestWeights.Vector(1, 2, 3);
        using var updated = TestWeights.Vector(1, 4, 0);
        using var delta = WeightDelta.Between(start, updated);
        Assert.Equal([0f, 2f, -3f], delta.Values("w"));
    }

    [Fact]
    public void Between_OtherShape_NamesTensorAndShapes()
    {
        using var start = TestWeights.Vector(1, 2, 3);
        using var updated = TestWeights.Vector(1, 2);
        var error = Assert.Throws<ArgumentException>(() => WeightDelta.Between(start, updated));
        Assert.Contains(
            "'w' of updated has shape [2]; the base weights have [3]",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Between_LeaksNoTensor()
    {
        using var start = TestWeights.Network(1);
        using var updated = TestWeights.Network(2);
        Assert.Equal(0, LiveTensors.Change(() => WeightDelta.Between(start, updated).Dispose()));
    }
}
