using CsCheck;
using Dmkd.Core.Merging.Admission;
using Dmkd.Core.Merging.Rules;

namespace Dmkd.Core.Tests.Merging.Admission;

public sealed class AdmissionRulesTests
{
    private static readonly AdmissionLimits Defaults = new();

    [Fact]
    public void Judge_AlikeSubmissions_AreAdmittedAsClaimed() =>
        Assert.Equal(
            [new AdmissionOutcome("a", 100), new AdmissionOutcome("b", 300), new AdmissionOutcome("c", 200)],
            AdmissionRules.Judge([Facts("a", 100), Facts("b", 300), Facts("c", 200)], Defaults)
        );

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(long.MinValue)]
    public void Judge_ClaimBelowOne_IsRefused(long claim)
    {
        var outcome = AdmissionRules.Judge([Facts("a", claim)], Defaults).Single();
        Assert.Equal(new AdmissionOutcome("a", 0, AdmissionCheck.MinSamples, 1, claim), outcome);
        Assert.False(outcome.IsAdmitted);
    }

    [Fact]
    public void Judge_ClaimAboveTheMedianTimesFactor_IsCapped()
    {
        var outcome = AdmissionRules.Judge([Facts("a", 100), Facts("b", 1_000_000_000), Facts("c", 120)], Defaults)[1];
        Assert.Equal(new AdmissionOutcome("b", 600, AdmissionCheck.MaxSamples, 600, 1_000_000_000), outcome);
        Assert.True(outcome.IsAdmitted);
        Assert.Equal("node b: sample count may be at most 600; 1000000000 is counted as 600", outcome.ToString());
    }

    [Theory]
    [InlineData(1)] // the least
    [InlineData(500)] // five times the median
    public void Judge_ClaimAtALimit_FailsNoCheck(long claim)
    {
        var outcome = AdmissionRules.Judge([Facts("a", 100), Facts("b", claim), Facts("c", 100)], Defaults)[1];
        Assert.Equal((new AdmissionOutcome("b", claim), true), (outcome, outcome.IsAdmitted));
    }

    [Fact]
    public void Judge_ClaimAboveTenMillion_IsCappedThereByDefault()
    {
        var outcomes = AdmissionRules.Judge([Facts("a", 10_000_000), Facts("b", 10_000_001)], Defaults);
        Assert.Equal([10_000_000, 10_000_000], outcomes.Select(outcome => outcome.SampleCount));
        Assert.Equal([null, AdmissionCheck.MaxSamples], outcomes.Select(outcome => outcome.FailedCheck));
    }

    [Fact]
    public void Judge_ClaimAboveTheAbsoluteLimit_IsCappedThere()
    {
        var outcomes = AdmissionRules.Judge([Facts("a", 100), Facts("b", 300)], Defaults with { MaxSampleCount = 250 });
        Assert.Equal([100, 250], outcomes.Select(outcome => outcome.SampleCount));
    }

    [Fact]
    public void Judge_HugeClaims_AreComparedWithoutOverflow()
    {
        var outcomes = AdmissionRules.Judge(
            [Facts("a", long.MaxValue), Facts("b", long.MaxValue), Facts("c", long.MaxValue)],
            Defaults
        );
        Assert.All(outcomes, outcome => Assert.Equal(Defaults.MaxSampleCount, outcome.SampleCount));
    }

    [Fact]
    public void Judge_TwoSubmissions_TrustsNoMedian()
    {
        var outcomes = AdmissionRules.Judge(
            [Facts("a", 1, norm: 1), Facts("b", 1_000_000, norm: 1e6, statistics: 1e6)],
            Defaults
        );
        Assert.Equal([1, 1_000_000], outcomes.Select(outcome => outcome.SampleCount));
    }

    [Fact]
    public void Judge_NormAboveTheMedianTimesFactor_IsRefusedByName()
    {
        var outcomes = AdmissionRules.Judge(
            [Facts("a", norm: 2), Facts("b", norm: 10), Facts("c", norm: 10.5), Facts("d", norm: 1)],
            Defaults
        );
        // the lower median is 2
        Assert.Equal([true, true, false, true], outcomes.Select(outcome => outcome.IsAdmitted));
        Assert.Equal(new AdmissionOutcome("c", 0, AdmissionCheck.Norm, 10, 10.5), outcomes[2]);
        Assert.Equal("node c: norm of the update may be at most 10; it is 10.5", outcomes[2].ToString());
    }

    [Fact]
    public void Judge_StatisticsFarAboveTheMedian_AreRefusedByName()
    {
        var outcomes = AdmissionRules.Judge(
            [
                Facts("a", statistics: 1),
                Facts("b", statistics: 1),
                Facts("c", statistics: 25),
                Facts("d", statistics: 26),
            ],
            Defaults
        );
        Assert.Equal([true, true, true, false], outcomes.Select(outcome => outcome.IsAdmitted));
        Assert.Equal(new AdmissionOutcome("d", 0, AdmissionCheck.StatisticsNorm, 25, 26), outcomes[3]);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Judge_NormNotFinite_IsRefusedAlsoAlone(double norm)
    {
        Assert.False(AdmissionRules.Judge([Facts("a", norm: norm)], Defaults).Single().IsAdmitted);
        Assert.Equal(
            [true, false, true, true],
            AdmissionRules
                .Judge([Facts("a"), Facts("b", norm: norm), Facts("c"), Facts("d")], Defaults)
                .Select(outcome => outcome.IsAdmitted)
        );
    }

    [Fact]
    public void Judge_MostUpdatesAreZero_RefusesTheOther() =>
        Assert.Equal(
            [true, true, false],
            AdmissionRules
                .Judge([Facts("a", norm: 0), Facts("b", norm: 0), Facts("c", norm: 1e-3)], Defaults)
                .Select(outcome => outcome.IsAdmitted)
        );

    [Fact]
    public void Judge_RefusedSubmissions_HaveNoSayInTheMedianClaim()
    {
        // With the refused claims the median would be 1000.
        var outcomes = AdmissionRules.Judge(
            [Facts("a", 10), Facts("b", 10), Facts("c", 900), Facts("d", 1000, norm: 1e9), Facts("e", 1000, norm: 1e9)],
            Defaults
        );
        Assert.Equal([10, 10, 50, 0, 0], outcomes.Select(outcome => outcome.SampleCount));
    }

    [Fact]
    public void Judge_NoSubmission_GivesNoOutcome() => Assert.Empty(AdmissionRules.Judge([], Defaults));

    [Fact]
    public void Judge_WhateverAMinoritySends_HonestNodesStayAndItsClaimIsBounded() =>
        Gen.Select(Gen.Int[3, 9], Gen.Double, Gen.Double, Gen.Long, Gen.Int[0, 3])
            .Sample(
                (honest, norm, statistics, claim, poisoned) =>
                {
                    poisoned = Math.Min(poisoned, honest - 1);
                    SubmissionFacts[] facts =
                    [
                        .. Enumerable
                            .Range(0, honest)
                            .Select(i => Facts($"honest-{i}", 100 + i, 1 + i / 10.0, 1 + i / 10.0)),
                        .. Enumerable.Range(0, poisoned).Select(i => Facts($"poisoned-{i}", claim, norm, statistics)),
                    ];
                    var outcomes = AdmissionRules.Judge(facts, Defaults);
                    Assert.All(
                        outcomes.Skip(honest),
                        outcome => Assert.InRange(outcome.SampleCount, 0, 5 * (100 + honest))
                    );
                    Assert.All(outcomes.Take(honest), (outcome, i) => Assert.Equal(100 + i, outcome.SampleCount));
                },
                iter: 2000,
                threads: 1
            );

    [Fact]
    public void ToString_OfAnyOutcome_NamesNodeCheckLimitAndValue()
    {
        Assert.Equal("node a: admitted with 7 samples", $"{new AdmissionOutcome("a", 7)}");
        Assert.Equal(
            "node b: sample count must be at least 1; it is -5",
            $"{AdmissionRules.Judge([Facts("b", -5)], Defaults).Single()}"
        );
        Assert.Equal(
            "node c: norm of the running statistics' update may be at most 25; it is 26",
            $"{new AdmissionOutcome("c", 0, AdmissionCheck.StatisticsNorm, 25, 26)}"
        );
    }

    [Fact]
    public void Judge_ThreeSubmissions_AreEnoughForAMedian()
    {
        var outcomes = AdmissionRules.Judge([Facts("a"), Facts("b"), Facts("c", norm: 5.1)], Defaults);
        Assert.Equal([true, true, false], outcomes.Select(outcome => outcome.IsAdmitted));
        // Of two that are left, nothing tells which claim is the odd one.
        outcomes = AdmissionRules.Judge([Facts("a", 100), Facts("b", 600), Facts("c", norm: 5.1)], Defaults);
        Assert.Equal([100, 600, 0], outcomes.Select(outcome => outcome.SampleCount));
    }

    [Fact]
    public void Judge_LimitsOfOne_AreTaken()
    {
        var limits = new AdmissionLimits
        {
            MaxSampleCount = 1,
            SampleCountFactor = 1,
            NormFactor = 1,
            StatisticsNormFactor = 1,
        };
        Assert.All(
            AdmissionRules.Judge([Facts("a"), Facts("b"), Facts("c")], limits),
            outcome => Assert.Equal(1, outcome.SampleCount)
        );
    }

    [Fact]
    public void Judge_LimitsBelowOne_AreRefusedByName()
    {
        AdmissionLimits[] wrong =
        [
            Defaults with
            {
                MaxSampleCount = 0,
            },
            Defaults with
            {
                SampleCountFactor = 0.5,
            },
            Defaults with
            {
                NormFactor = double.NaN,
            },
            Defaults with
            {
                StatisticsNormFactor = double.PositiveInfinity,
            },
        ];
        foreach (var limits in wrong)
        {
            var error = Assert.Throws<ArgumentOutOfRangeException>(() => AdmissionRules.Judge([], limits));
            Assert.Contains("must be finite and at least 1", error.Message, StringComparison.Ordinal);
        }
    }

    private static SubmissionFacts Facts(string node, long samples = 100, double norm = 1, double statistics = 0) =>
        new(node, samples, new UpdateNorms(norm, statistics));
}
