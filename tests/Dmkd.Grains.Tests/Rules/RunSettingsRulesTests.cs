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
            { "top must be in [1, 2147483647], not 0", Routed(new RoutingSettings("evidence", 0, 0)) },
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
            { "merge-rule krum-2 needs at least 7 nodes in a round, 2 * 2 + 3; there are 4.", Krum("krum-2", 4) },
            { "merge-rule krum-0 needs at least 3 nodes in a round, 2 * 0 + 3; there are 2.", Krum("krum-0", 2) },
            { "merge-rule krum-1 needs at least 5 nodes in a round, 2 * 1 + 3; there are 4.", Krum("krum-1", 8, 0.5) },
            {
                "beta must be in [0, 1000000], not Infinity",
                Routed(new RoutingSettings("evidence", 1, double.PositiveInfinity))
            },
            { "beta must be in [0, 1000000], not 1E+308", Routed(new RoutingSettings("evidence", 1, 1e308)) },
            {
                "top must be at most the number of experts, one for each of 2 tasks, not 3",
                Routed(new RoutingSettings("evidence", 3, 0))
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

    [Theory]
    [InlineData("krum-2", 7)]
    [InlineData("krum-0", 3)]
    [InlineData("krum", 2)]
    public void Check_KrumWithEnoughNodes_IsAllowed(string rule, int nodes) =>
        RunSettingsRules.Check(Krum(rule, nodes));

    [Theory]
    [InlineData("nnm", 4, "merge rule nnm withstands no bad node among 4; from 5 nodes on it withstands one")]
    [InlineData("nnm", 5, null)]
    [InlineData("nnm-0.3", 3, "merge rule nnm-0.3 withstands no bad node among 3; from 4 nodes on it withstands one")]
    [InlineData("nnm", 1, null)]
    [InlineData("median", 4, null)]
    public void MergingHint_RuleThatWithstandsNobody_SaysSo(string rule, int nodes, string? hint) =>
        Assert.Equal(hint, RunSettingsRules.MergingHint(Krum(rule, nodes)));

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

    private static RunSettings Krum(string rule, int nodes, double share = 1) =>
        TinySettings() with
        {
            Merging = TinySettings().Merging with { MergeRule = rule },
            Participation = TinySettings().Participation with { Nodes = nodes, Share = share },
        };

    private static RunSettings Routed(RoutingSettings routing) => TinySettings() with { Routing = routing };

    private static RunSettings StartingFrom(string start, int legacyTasks) =>
        TinySettings() with
        {
            Training = TinySettings().Training with { StartFrom = start },
            Legacy = TinySettings().Legacy with { Tasks = legacyTasks },
        };
}
