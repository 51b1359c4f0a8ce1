using Dmkd.Contracts.Settings;
using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Tests.Running;

public sealed class DmkdParametersTests
{
    private static readonly RunSettings Shared = TinyProblem.Settings;

    [Fact]
    public void Apply_Nothing_ChangesNothing() => Assert.Equal(Shared, Apply());

    [Fact]
    public void Apply_Parameters_AreSettings()
    {
        var settings = Apply(
            ("alpha", "0.25"),
            ("beta", "2"),
            ("top", "3"),
            ("gate", "entropy"),
            ("rank", "1"),
            ("fp16", "yes"),
            ("merge-rule", "trimmed-0.3"),
            ("longest-wait", "60"),
            ("dirichlet", "Infinity")
        );
        Assert.Equal(
            (0.25, 2.0, 3, "entropy"),
            (
                settings.Legacy.Alpha,
                settings.Routing.SpecializationWeight,
                settings.Routing.TopExperts,
                settings.Routing.Gate
            )
        );
        Assert.Equal(
            (1, true, "trimmed-0.3"),
            (settings.Merging.Rank, settings.Merging.HalfPrecision, settings.Merging.MergeRule)
        );
        Assert.Equal(
            (TimeSpan.FromMinutes(1), double.PositiveInfinity),
            (settings.Participation.RoundDeadline, settings.Participation.Dirichlet)
        );
    }

    [Fact]
    public void Apply_ShortLongestWait_AsksForShortWaits() =>
        Assert.Equal(TimeSpan.FromSeconds(5), Apply(("longest-wait", "5")).Participation.ShortestWait);

    [Fact]
    public void Apply_MoreLegacyTasksThanTasks_TakesAllTasks() =>
        Assert.Equal(2, Apply(("legacy-tasks", "9")).Legacy.Tasks);

    [Theory]
    [InlineData("alpha", "1.5", "dmkd: alpha must be a number in [0, 1], not '1.5'.")]
    [InlineData("rank", "0.5", "dmkd: rank must be a whole number, not 0.5.")]
    [InlineData("gate", "fair", "dmkd: gate must be one of evidence")]
    [InlineData("fp16", "maybe", "dmkd: fp16 must be one of yes, no, not 'maybe'.")]
    [InlineData("merge-rule", "vote", "dmkd: merge-rule: ")]
    [InlineData("holders", "9", "dmkd: holders must be at most the number of nodes, 4, not 9.")]
    [InlineData("quorum", "0", "dmkd: quorum must be in (0, 1], not 0.")]
    [InlineData("views", "2", "dmkd: views must be one of 1, 4, 8, not '2'.")]
    [InlineData("beta", "-1", "dmkd: beta must be a number in [0, ")]
    [InlineData(
        "start-from",
        "nothing",
        "dmkd: start-from must be one of previous, random, similar, legacy, not 'nothing'."
    )]
    [InlineData("rnak", "1", "dmkd has no parameter 'rnak'; it has: rank, ")]
    public void Apply_WrongValue_NamesParameterLimitAndValue(string name, string value, string expected) =>
        Assert.StartsWith(
            expected,
            Assert.Throws<MethodParameterException>(() => Apply((name, value))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void WithoutDefaults_DefaultsUnknownsAndWrongValues_LeavesWhatSaysSomething()
    {
        var parameters = new Dictionary<string, string>
        {
            ["alpha"] = "0.5",
            ["rank"] = "4",
            ["gate"] = "evidence",
            ["rnak"] = "8",
            ["beta"] = "-1",
        };
        Assert.Equal(
            ["beta", "rank", "rnak"],
            DmkdParameters.WithoutDefaults(Shared, parameters).Keys.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Names_EveryParameter_IsNamedOnce() =>
        Assert.Equal(DmkdParameters.Names.Count, DmkdParameters.Names.Distinct().Count());

    private static RunSettings Apply(params (string Name, string Value)[] values) =>
        DmkdParameters.Apply(
            Shared,
            new MethodParameters("dmkd", values.ToDictionary(pair => pair.Name, pair => pair.Value))
        );
}
