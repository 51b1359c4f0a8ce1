using Dmkd.Core.Routing;
using Dmkd.Core.Routing.Discriminants;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Routing;

/// <summary>Which gates take what, and what a gate says that was not given it.</summary>
public sealed class CalibrationsTests
{
    [Theory]
    [InlineData("evidence", "discriminant")]
    [InlineData("entropy", "none")]
    [InlineData("mlp", "none")]
    public void DefaultFor_AGate_NeedsNoExemplars(string gate, string expected) =>
        Assert.Equal(expected, Calibrations.DefaultFor(gate));

    [Theory]
    [InlineData("evidence", "none", 0, null)]
    [InlineData("evidence", "discriminant", 0, null)]
    [InlineData("evidence", "affine", 20, null)]
    [InlineData("mlp", "none", 20, null)]
    [InlineData("entropy", "none", 0, null)]
    [InlineData("evidence", "affine", 0, "{calibration} affine is fitted to exemplars: {exemplars} must be above 0.")]
    [InlineData("mlp", "none", 0, "{gate} mlp is fitted to exemplars: {exemplars} must be above 0.")]
    [InlineData("hybrid", "affine", 20, "{calibration} affine is for {gate} evidence, not hybrid.")]
    public void ProblemOf_WhatDoesNotGoTogether_NamesTheSettings(
        string gate,
        string calibration,
        int exemplars,
        string? expected
    ) => Assert.Equal(expected, Calibrations.ProblemOf(gate, calibration, exemplars));

    [Fact]
    public void Fit_EvidenceOfAnotherKind_SaysWhatIsNeeded()
    {
        var moments = new ExpertMoments([]);
        var exemplars = new ExemplarScores([], [], []);
        Says("affine' is fitted to exemplars", () => new AffineGate(EvidenceScore.MaxLogit).Fit(moments));
        Says("discriminant' is fitted to moments", () => new DiscriminantGate(EvidenceScore.MaxLogit).Fit(exemplars));
        var hybrid = new HybridGate(new GateOptions("hybrid"));
        Says("hybrid' is fitted to exemplars", () => hybrid.Fit(moments));
        Says("at least one exemplar", () => hybrid.Fit(exemplars));
    }

    [Fact]
    public void Look_BeforeTheFit_SaysWhatIsMissing()
    {
        var batch = new KnownScores(new ExemplarScores([new([0], 0, [1])], [0], []));
        IGate[] gates = [new AffineGate(EvidenceScore.MaxLogit), new DiscriminantGate(EvidenceScore.MaxLogit)];
        Assert.All(
            gates,
            gate =>
                Assert.Contains(
                    "and here it was not",
                    Assert.Throws<InvalidOperationException>(() => gate.Look(batch)).Message,
                    StringComparison.Ordinal
                )
        );
    }

    [Fact]
    public void Look_Discriminants_ShiftsAllScoresOfAnInputAlike()
    {
        var parameters = DiscriminantGate.ToParameters([
            new LinearDiscriminant(1, [0, 1, 2, 3], [1, 1, -1, -1], [0, 0, 0, 0]),
            new LinearDiscriminant(1, [2, 3], [1, 1], [0, 0]),
        ]);
        var gate = new DiscriminantGate(EvidenceScore.MaxLogit).Fitted(parameters, [0, 1]);
        var batch = new FeatureBatch();
        var views = gate.Look(batch);
        Assert.Equal(2, views.Count);
        for (int k = 0; k < 2; k++)
        for (int input = 0; input < batch.Count; input++)
        {
            float[] scores = batch.ScoresOf(k);
            double first = views[k].ClassScores[2 * input] - scores[2 * input],
                second = views[k].ClassScores[2 * input + 1] - scores[2 * input + 1];
            Assert.Equal(first, second, 1e-5); // single precision
        }

        // The first input's features speak for the first expert, the second's for the second.
        var router = new ModuleRouter(gate, 0, 1);
        var answers = router.Route(views, batch.Count, [0, 1, 2, 3]);
        Assert.Equal([0, 1], answers.Select(answer => answer.Experts[0].Expert));
    }

    [Fact]
    public void Features_OfAnExpertWithout_AreRefused()
    {
        var pair = new ExpertInput(new ExpertView([0], 0, [1]), [0], 0, 1);
        Assert.Throws<InvalidOperationException>(() => pair.Features());
        Assert.Throws<InvalidOperationException>(() => pair.GateLogits());
    }

    [Fact]
    public void Decode_FileThatIsNoGate_SaysWhatIsWrong()
    {
        using var scope = NewDisposeScope();
        var single = KeyValuePair.Create("scale", ones(2));
        byte[] nameless = SafeTensorsWriter.ToBytes([single], new Dictionary<string, string>());
        Assert.Contains("names itself by", Refused(() => GateParameters.Decode(nameless)), StringComparison.Ordinal);
        byte[] narrow = SafeTensorsWriter.ToBytes([single], MetadataOf(new GateParameters("affine").Encode()));
        Assert.Contains("'scale' must be F64", Refused(() => GateParameters.Decode(narrow)), StringComparison.Ordinal);
        Assert.Contains(
            "no array 'shift'",
            Refused(() => new GateParameters("affine")["shift"]),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "neither pairs",
            Refused(() => GateParameters.Decode("""{"pairs":null}"""u8)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Fit_OfAPairScorer_SizesThatDoNotFit_AreRefused()
    {
        var options = new PairScorerOptions();
        Says("at least one exemplar", () => PairScorerFit.Fit([1], [0], [], options));
        Says("cannot have 3 features", () => PairScorerFit.Fit([1, 2, 3], [0, 0], [1], options));
    }

    [Theory]
    [InlineData(1, 2, 1)]
    [InlineData(2, 1, 1)]
    [InlineData(2, 2, 2)]
    public void Scorer_OneSizeThatDoesNotFit_IsRefused(int spreads, int first, int second) =>
        Says(
            "cannot have",
            () =>
                new PairScorer(
                    new PairScorerWeights([0, 0], new double[spreads], new double[first], [0], new double[second])
                )
        );

    private static Dictionary<string, string> MetadataOf(byte[] file)
    {
        using var read = SafeTensorsReader.Read(file);
        return read.Metadata.ToDictionary();
    }

    private static void Says(string part, Func<object> act) =>
        Assert.Contains(part, Assert.Throws<ArgumentException>(act).Message, StringComparison.Ordinal);

    private static string Refused(Func<object> act) => Assert.Throws<CheckpointFormatException>(act).Message;

    /// <summary>Two experts that score two inputs alike; only the features tell the inputs apart.</summary>
    private sealed class FeatureBatch : IBatchScores
    {
        public int Count => 2;

        public IReadOnlyList<ExpertView> Experts { get; } = [new([0, 1], 0, []), new([2, 3], 0, [])];

        public float[] ScoresOf(int expert) => [1, 0, 1, 0];

        public (float[] Scores, Tensor Features) ScoresAndFeaturesOf(int expert) =>
            (ScoresOf(expert), tensor(new float[] { 5, -5 }, [2, 1]));

        public float[] GateLogitsOf(int expert) => throw new NotSupportedException("There is no gate network.");

        public double[] Descriptors() => [];
    }
}
