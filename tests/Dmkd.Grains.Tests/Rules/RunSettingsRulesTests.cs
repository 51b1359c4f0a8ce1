using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Routing;
using Dmkd.Grains.Runs;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class RunSettingsRulesTests
{
    [Fact]
    public void Same_SettingsReadAgain_IsTrue() => Assert.True(RunSettingsRules.Same(TinySettings(), TinySettings()));

    [Fact]
    public void Same_OtherSeed_IsFalse() => Assert.False(RunSettingsRules.Same(TinySettings(), TinySettings() with { Seed = 99 }));

    [Fact]
    public void Same_OtherWidths_IsFalse() => Assert.False(RunSettingsRules.Same(TinySettings(), TinySettings() with { Widths = [4, 8, 8, 16] }));

    public static TheoryData<string, RunSettings> Refused => new()
    {
        { "Gate must be one of evidence, entropy, mlp, hybrid, oracle, not 'network'", With("network") }, // a run's library has no gate network
        { "The gate 'mlp' is fitted to exemplars: Exemplars must be above 0", With("mlp") },
        { "The gate 'hybrid' is fitted to exemplars: Exemplars must be above 0", With("hybrid") },
        { "Calibration 'affine' is fitted to exemplars: Exemplars must be above 0", With("evidence") with { Calibration = "affine" } },
        { "Calibration 'affine' is for the gate 'evidence', not 'hybrid'", With("hybrid") with { Calibration = "affine", Exemplars = 20 } },
        { "Calibration 'discriminant' is for the gate 'evidence', not 'entropy'", With("entropy") with { Calibration = "discriminant" } },
        { "Calibration must be one of none, affine, discriminant, not 'isotonic'", With("evidence") with { Calibration = "isotonic" } },
        { "Score must be one of max-logit, energy, probability, not 'margin'", TinySettings() with { Routing = new RoutingSettings("evidence", 1, 0, Score: "margin") } },
        { "Views must be 1, 4 or 8, not 2", TinySettings() with { Routing = new RoutingSettings("evidence", 1, 0, Views: 2) } },
        { "StartFrom must be one of previous, random, similar, legacy, not 'zero'", TinySettings() with { StartFrom = "zero" } },
        { "StartFrom 'legacy' needs a legacy model", TinySettings() with { StartFrom = "legacy", LegacyTasks = 0 } },
        { "Exemplars", TinySettings() with { Exemplars = -1 } },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Check_RoutingThatCannotBe_SaysWhy(string message, RunSettings settings) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => RunSettingsRules.Check(settings)).Message, StringComparison.Ordinal);

    [Fact]
    public void Check_EveryGateOfARun_IsAllowed()
    {
        foreach (string gate in GateCatalog.NamesForRuns) RunSettingsRules.Check(With(gate) with { Exemplars = 20 });
    }

    private static RunSettings With(string gate) => TinySettings() with { Routing = new RoutingSettings(gate, 1, 0) };
}
