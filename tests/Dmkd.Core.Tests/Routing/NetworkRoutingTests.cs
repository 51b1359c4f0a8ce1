using CsCheck;
using Dmkd.Core.Routing;

namespace Dmkd.Core.Tests.Routing;

/// <summary>Routing by a gate network, which is asked before any expert runs.</summary>
public sealed class NetworkRoutingTests
{
    private const int Batch = 3;
    private const float N = float.NaN;
    private static readonly int[] AllClasses = [0, 1, 2, 3, 4];
    private static readonly int[][] Classes =
    [
        [0, 3],
        [1],
        [2, 4],
    ];
    private static readonly Gen<float> Scores = Gen.Int[-40, 40].Select(eighths => eighths / 8f);

    // Logits of the gate network: input 0 is of the third expert, then of the first; input 1 of the second; input 2 of
    // the first.
    private static readonly float[][] Logits =
    [
        [1, 0, -1, 0, 3, 4],
        [0, 5, 1],
        [2, 2, 1, 0, 0, 0],
    ];

    [Fact]
    public void Choose_TopTwo_AreTheExpertsOfTheLargestGateProbabilities() =>
        Assert.Equal(
            [
                [2, 0],
                [1, 2],
                [0, 1],
            ],
            Choose(top: 2)
        ); // sums of exponentials 3.7, 1, 14.8; 1.4, 148, 3.7; 74.7, 2.7, 2

    [Fact]
    public void Choose_TopOne_IsTheMostProbableExpert() =>
        Assert.Equal(
            [
                [2],
                [1],
                [0],
            ],
            Choose(top: 1)
        );

    [Fact]
    public void Choose_MoreExpertsThanThereAre_MeansAll() =>
        Assert.All(Choose(top: 9), chosen => Assert.Equal([0, 1, 2], chosen.Order()));

    [Fact]
    public void Choose_Candidates_NumbersExpertsAmongAll() =>
        // Experts 1 and 2 by the classes 1 and 4 alone: logits 0, 5, 1 and 2, 0, 0.
        Assert.Equal(
            [
                [2],
                [1],
                [1],
            ],
            Router(top: 1).Choose(Experts(own: null), Batch, [1, 4])
        );

    [Fact]
    public void Choose_MeanEntropy_CountsAsWithOtherGates()
    {
        ExpertView[] experts = [new([0], 0, [], [0f]), new([1], 1, [], [0.5f])];
        Assert.Equal([1], new ModuleRouter(new NetworkGate(), 0, 1).Choose(experts, 1, AllClasses)[0]);
        Assert.Equal([0], new ModuleRouter(new NetworkGate(), 1, 1).Choose(experts, 1, AllClasses)[0]);
    }

    [Fact]
    public void Choose_AnyOwnScores_AreTheSameExpertsAsOfRoute() =>
        Gen.Select(Scores.Array[2 * Batch], Scores.Array[Batch], Scores.Array[2 * Batch])
            .Sample(
                (a, b, c) =>
                {
                    float[][] own = [a, b, c];
                    Assert.Equal(Choose(top: 2), Router(top: 2).Choose(Experts(own), Batch, AllClasses));
                    Assert.Equal(
                        Choose(top: 2),
                        Router(top: 2)
                            .Route(Experts(own), Batch, AllClasses)
                            .Select(answer => answer.Experts.Select(share => share.Expert).ToArray())
                    );
                }
            );

    [Fact]
    public void Route_TopOne_NeverReadsRowsOfOtherExperts()
    {
        // Of the experts' own scores only those of the input's expert are there.
        float[][] own =
        [
            [N, N, N, N, 1, 2],
            [N, 7, N],
            [3, 1, N, N, N, N],
        ];
        var answers = Router(top: 1).Route(Experts(own), Batch, AllClasses);
        Assert.Equal([2, 1, 3], answers.Select(answer => answer.ClassIndex));
        Assert.Equal(1 / (1 + Math.Exp(-2)), answers[0].Probability, 1e-12);
        Assert.Equal(1, answers[1].Probability, 1e-12);
        Assert.Equal(1 / (1 + Math.Exp(-1)), answers[2].Probability, 1e-12);
    }

    [Theory]
    [InlineData(0, 0, 2)] // own scores 3 and 1
    [InlineData(1, 0, 1)] // with the gate network's 3 and 4: 6 and 5
    [InlineData(3, 3, 1)] // 12 and 13
    public void Route_GateVote_AddsTheGateNetworksLogits(double vote, int expected, double margin)
    {
        float[][] own =
        [
            [N, N, N, N, 3, 1],
            [N, 7, N],
            [3, 1, N, N, N, N],
        ];
        var answer = new ModuleRouter(new NetworkGate(), 0, 1, vote).Route(Experts(own), Batch, AllClasses)[2];
        Assert.Equal(expected, answer.ClassIndex);
        Assert.Equal(1 / (1 + Math.Exp(-margin)), answer.Probability, 1e-6);
    }

    [Fact]
    public void Router_NegativeGateVote_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ModuleRouter(new NetworkGate(), 0, 1, -0.1));

    [Fact]
    public void Route_Probabilities_AreTheGateNetworksOfTheExpertsClasses()
    {
        double[] sums =
        [
            .. Logits.Select((logits, expert) => logits[..Classes[expert].Length].Sum(logit => Math.Exp(logit))),
        ];
        var shares = Router(top: 3)
            .Route(Experts(own: [new float[6], new float[3], new float[6]]), 1, AllClasses)[0]
            .Experts;
        Assert.All(shares, share => Assert.Equal(sums[share.Expert] / sums.Sum(), share.Probability, 1e-12));
    }

    [Fact]
    public void Route_OtherGate_DoesNotReadTheGateNetworksLogits()
    {
        ExpertView[] experts = [new([0], 0, [1], [N]), new([1], 0, [2], [N])];
        Assert.Equal(1, new ModuleRouter(new EvidenceGate(), 0, 1).Route(experts, 1, AllClasses)[0].ClassIndex);
    }

    [Fact]
    public void RouteAndChoose_NoGateNetwork_ThrowSayingSo()
    {
        ExpertView[] experts = [new([0], 0, [1], [1]), new([1], 0, [2])];
        foreach (
            var action in (Action[])
                [() => Router(1).Route(experts, 1, AllClasses), () => Router(1).Choose(experts, 1, AllClasses)]
        )
            Assert.Contains(
                "gate network",
                Assert.Throws<InvalidOperationException>(action).Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void Choose_NoExpertKnowsACandidate_Throws() =>
        Assert.Throws<ArgumentException>("candidates", () => Router(1).Choose(Experts(own: null), Batch, [9]));

    private static IReadOnlyList<int[]> Choose(int top) => Router(top).Choose(Experts(own: null), Batch, AllClasses);

    private static ModuleRouter Router(int top) => new(new NetworkGate(), 0, top);

    private static ExpertView[] Experts(float[][]? own) =>
        [
            .. Classes.Select(
                (classes, k) =>
                    new ExpertView(
                        classes,
                        0.5,
                        own?[k] ?? [.. Enumerable.Repeat(N, Batch * classes.Length)],
                        Logits[k]
                    )
            ),
        ];
}
