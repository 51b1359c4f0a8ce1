using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Rules;

/// <summary>
/// Ten nodes hold a true update of 1,000 standard normal values plus noise of 0.1; some send poison instead. The figure
/// is <c>||merged - true|| / ||true||</c>; without poison the mean has 0.1 / sqrt(10) = 0.032, the median about 0.038.
/// </summary>
public sealed class BreakdownTests
{
    private const int Nodes = 10;
    private const float Noise = 0.1f;

    public static TheoryData<string, int, string, double> Survived
    {
        get
        {
            TheoryData<string, int, string, double> cases = [];
            foreach (string attack in (string[])["times 1000", "times -1000", "sign flip", "gaussian"])
            {
                foreach (int poisoned in (int[])[2, 3])
                {
                    // At most three of ten honest values are cut on one side only: an order statistic's shift of the
                    // noise.
                    cases.Add("median", poisoned, attack, 0.1);
                    cases.Add("trimmed-0.3", poisoned, attack, 0.1);
                    // A mean of five honest updates: 0.1 / sqrt(5) = 0.045.
                    cases.Add("krum", poisoned, attack, 0.06);
                    // A share p of the length of the true update, in the worst case against it: 2 p, and the noise.
                    cases.Add("clipped", poisoned, attack, 0.2 * poisoned + 0.05);
                }

                cases.Add("trimmed", 2, attack, 0.1);
                // Poison keeps 2² / (10 · 8) = 0.05 of the weight at the median length: 2 · 0.05 against the true
                // update, and the noise.
                cases.Add("nnm", 2, attack, 0.15);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Survived))]
    public void Merge_PoisonWithinTheBreakdownPoint_StaysNearTheTrueUpdate(
        string rule,
        int poisoned,
        string attack,
        double limit
    )
    {
        double error = RelativeError(rule, poisoned, attack);
        TestContext.Current.TestOutputHelper?.WriteLine($"{rule}, {poisoned} of {Nodes} {attack}: {error:f3}");
        Assert.InRange(error, 0, limit);
    }

    [Theory]
    [InlineData("mean", 2)]
    [InlineData("weighted", 2)]
    [InlineData("trimmed", 3)] // cuts two at each end
    public void Merge_PoisonBeyondTheBreakdownPoint_GoesAnywhere(string rule, int poisoned) =>
        Assert.InRange(RelativeError(rule, poisoned, "times -1000"), 10, double.PositiveInfinity);

    [Theory]
    [InlineData("mean")]
    [InlineData("weighted")]
    [InlineData("trimmed")]
    [InlineData("median")]
    [InlineData("clipped")]
    [InlineData("krum")]
    [InlineData("nnm")]
    public void Merge_NoPoison_IsNearTheTrueUpdate(string rule) =>
        Assert.InRange(RelativeError(rule, 0, "times 1000"), 0, 0.06);

    private static double RelativeError(string rule, int poisoned, string attack)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(20261123);
        var truth = randn([1000], generator: generator);
        using Rounds round = new([
            .. Enumerable
                .Range(0, Nodes)
                .Select(node =>
                    node < poisoned
                        ? Poison(attack, truth, generator)
                        : truth + Noise * randn([1000], generator: generator)
                )
                .Select(values => new WeightSet([KeyValuePair.Create("w", values)])),
        ]);
        using var merged = IMergeRule.Known.Find(rule).Merge(round, [.. round.Select(_ => 1.0)]);
        return ((merged.Update["w"] - truth).norm() / truth.norm()).item<double>();
    }

    private static Tensor Poison(string attack, Tensor truth, Generator generator) =>
        attack switch
        {
            "times 1000" => truth * 1000,
            "times -1000" => truth * -1000,
            "sign flip" => -truth,
            "gaussian" => randn([1000], generator: generator) * 100,
            _ => throw new ArgumentException($"There is no attack '{attack}'.", nameof(attack)),
        };
}
