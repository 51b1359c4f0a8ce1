using Dmkd.Core.Merging.Rules;

namespace Dmkd.Core.Tests.Merging.Rules;

public sealed class MergeRuleCatalogTests
{
    [Theory]
    [InlineData("mean", typeof(MeanRule))]
    [InlineData("weighted", typeof(WeightedMeanRule))]
    [InlineData("clipped", typeof(ClippedMeanRule))]
    [InlineData("clipped-2.5", typeof(ClippedMeanRule))]
    [InlineData("trimmed", typeof(TrimmedMeanRule))]
    [InlineData("trimmed-0.3", typeof(TrimmedMeanRule))]
    [InlineData("median", typeof(MedianRule))]
    [InlineData("krum", typeof(KrumRule))]
    [InlineData("krum-2", typeof(KrumRule))]
    [InlineData("nnm", typeof(NearestNeighbourMixingRule))]
    [InlineData("nnm-0.3", typeof(NearestNeighbourMixingRule))]
    public void Named_KnownRule_HasThatName(string name, Type type)
    {
        var rule = IMergeRule.Known.Find(name);
        Assert.IsType(type, rule);
        Assert.Equal(name, rule.Name);
    }

    [Theory]
    [InlineData("bulyan")]
    [InlineData("Mean")]
    [InlineData("mean-2")]
    [InlineData("")]
    public void Named_UnknownRule_SaysWhatThereIs(string name)
    {
        var error = Assert.Throws<ArgumentException>(() => IMergeRule.Known.Find(name));
        Assert.Contains(
            $"There is no merge rule '{name}'; there are: mean, weighted, clipped, trimmed,",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("clipped-x")]
    [InlineData("clipped-")]
    [InlineData("trimmed-0,3")]
    [InlineData("krum-1.5")]
    [InlineData("krum-99999999999")]
    public void Named_ParameterIsNoNumber_NamesIt(string name)
    {
        var error = Assert.Throws<ArgumentException>(() => IMergeRule.Known.Find(name));
        Assert.Contains($"parameter of merge rule '{name}' must be a", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("clipped-0")]
    [InlineData("clipped--1")]
    [InlineData("nnm-0.5")]
    [InlineData("trimmed-0.5")]
    [InlineData("trimmed-NaN")]
    public void Named_ParameterOutOfRange_IsRefused(string name) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => IMergeRule.Known.Find(name));
}
