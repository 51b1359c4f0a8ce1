using Dmkd.Contracts.Settings;
using Dmkd.Core.Routing;
using Dmkd.Grains.Runs;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class RunSettingsRulesTests
{
    [Fact]
    public void Equals_SettingsMadeAgain_IsTrue() => Assert.Equal(TinySettings(), TinySettings());

    [Fact]
    public void Equals_OtherWidths_IsFalse() =>
        Assert.NotEqual(
            TinySettings(),
            TinySettings() with
            {
                Training = TinySettings().Training with { Widths = [4, 8, 8, 16] },
            }
        );

    public static TheoryData<string, RunSettings> Refused =>
        new()
        {
            // a run's library has no gate network
            { "gate must be one of evidence, entropy, mlp, hybrid, oracle, not 'network'", With("network") },
            { "gate mlp is fitted to exemplars: exemplars must be above 0", With("mlp") },
            { "gate hybrid is fitted to exemplars: exemplars must be above 0", With("hybrid") },
            { "calibration affine is fitted to exemplars: exemplars must be above 0", With("evidence", "affine") },
            { "calibration affine is for gate evidence, not hybrid", With("hybrid", "affine", exemplars: 20) },
            { "calibration discriminant is for gate evidence, not entropy", With("entropy", "discriminant") },
            { "calibration must be one of none, affine, discriminant, not 'isotonic'", With("evidence", "isotonic") },
            {
                "score must be one of max-logit, energy, probability, not 'margin'",
                Routed(new RoutingSettings("evidence", 1, 0, Score: "margin"))
            },
            { "views must be 1, 4 or 8, not 2", Routed(new RoutingSettings("evidence", 1, 0, Views: 2)) },
            { "top must be at least 1, not 0", Routed(new RoutingSettings("evidence", 0, 0)) },
            {
                "start-from must be one of previous, random, similar, legacy, not 'zero'",
                StartingFrom("zero", legacyTasks: 1)
            },
            {
                "start-from legacy needs a legacy network: legacy-tasks must be above 0",
                StartingFrom("legacy", legacyTasks: 0)
            },
            { "legacy-tasks must be at most tasks, 2, not 3", StartingFrom("previous", legacyTasks: 3) },
            { "exemplars must be in [0, 1000000], not -1", With("evidence", exemplars: -1) },
            {
                "quorum must be in (0, 1], not 0",
                TinySettings() with
                {
                    Participation = TinySettings().Participation with { Quorum = 0 },
                }
            },
            {
                "holders must be at most the number of nodes, 2, not 3",
                TinySettings() with
                {
                    Participation = TinySettings().Participation with { Holders = 3 },
                }
            },
            {
                "shortest-wait must be above 0 and at most 604800 seconds, not 0",
                TinySettings() with
                {
                    Participation = TinySettings().Participation with { ShortestWait = TimeSpan.Zero },
                }
            },
            {
                "merge-rule: There is no merge rule 'vote'",
                TinySettings() with
                {
                    Merging = TinySettings().Merging with { MergeRule = "vote" },
                }
            },
            { "device must be one of any, cpu, cuda, not 'tpu'", TinySettings() with { Device = "tpu" } },
        };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Check_RoutingThatCannotBe_SaysWhy(string message, RunSettings settings) =>
        Assert.Contains(
            message,
            Assert.Throws<ArgumentException>(() => RunSettingsRules.Check(settings)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Check_EveryGateOfARun_IsAllowed()
    {
        foreach (string gate in GateCatalog.NamesForRuns)
            RunSettingsRules.Check(With(gate, exemplars: 20));
    }

    [Fact]
    public void ProblemsOf_WithAPrefix_NamesOptions() =>
        Assert.Equal(
            ["--calibration affine is fitted to exemplars: --exemplars must be above 0."],
            RunSettingsRules.ProblemsOf(With("evidence", "affine"), "--")
        );

    private static RunSettings With(string gate, string calibration = "none", int exemplars = 0) =>
        Routed(new RoutingSettings(gate, 1, 0)) with
        {
            Fitting = TinySettings().Fitting with { Calibration = calibration, Exemplars = exemplars },
        };

    private static RunSettings Routed(RoutingSettings routing) => TinySettings() with { Routing = routing };

    private static RunSettings StartingFrom(string start, int legacyTasks) =>
        TinySettings() with
        {
            Training = TinySettings().Training with { StartFrom = start },
            Legacy = TinySettings().Legacy with { Tasks = legacyTasks },
        };
}
