using Dmkd.Contracts.Merging;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Merging.Rules;

namespace Dmkd.Grains.Tests.Rules;

/// <summary>Contracts and Core do not know each other: their names must be the same all the same.</summary>
public sealed class NameTests
{
    [Fact]
    public void MergeRules_OfContractsAndCore_AreTheSame() => Assert.Equal(MergeRuleCatalog.Names.Order(), MergeRuleNames.All.Order());

    [Fact]
    public void Exchanges_OfContractsAndCore_AreTheSame() => // aligned is chosen by the run, for replicas of different first weights
        Assert.Equal(UpdateExchanges.Names.Order(), CompressorNames.All.Append(AlignedExchange.Name).Order());
}
