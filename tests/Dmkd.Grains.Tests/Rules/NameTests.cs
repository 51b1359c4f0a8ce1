using Dmkd.Contracts.Merging;
using Dmkd.Core.Merging.Compression;
using Dmkd.Core.Merging.Rules;

namespace Dmkd.Grains.Tests.Rules;

/// <summary>Contracts and Core do not know each other: their names must be the same all the same.</summary>
public sealed class NameTests
{
    [Fact]
    public void MergeRules_OfContractsAndCore_AreTheSame() => Assert.Equal(MergeRuleCatalog.Names.Order(), MergeRuleNames.All.Order());

    [Fact]
    public void Compressors_OfContractsAndCore_AreTheSame() => Assert.Equal(CompressorCatalog.Names.Order(), CompressorNames.All.Order());
}
