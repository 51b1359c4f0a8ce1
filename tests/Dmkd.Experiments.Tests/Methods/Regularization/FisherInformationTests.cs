using Dmkd.Core.Modalities.Images;
using Dmkd.Experiments.Learners;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Tests.Methods.Regularization;

public sealed class FisherInformationTests
{
    private const int Images = 5;
    private const double Tolerance = 1e-5; // float32 gradients

    [Fact]
    public void Estimate_Expected_IsThePredictionsVarianceAtTheHead()
    {
        // ∂ log p_y / ∂b_j = [y = j] - p_j, and its mean square over y ~ p is p_j (1 - p_j); ∂ log p_y / ∂W_jk is that
        // times feature k.
        using var scope = NewDisposeScope();
        using var network = TestData.Network();
        using var data = TestData.Images(Images);
        var (probabilities, features) = Answers(network, data);
        double[] bias = new double[3],
            weight = new double[3 * 5];
        for (int image = 0; image < Images; image++)
        {
            for (int j = 0; j < 3; j++)
            {
                double variance = probabilities[image][j] * (1 - probabilities[image][j]);
                bias[j] += variance / Images;
                for (int k = 0; k < 5; k++)
                    weight[5 * j + k] += variance * features[5 * image + k] * features[5 * image + k] / Images;
            }
        }

        var fisher = Estimate(network, data, FisherLabels.Expected);
        TestData.Close(weight, fisher["head.weight"], Tolerance);
        TestData.Close(bias, fisher["head.bias"], Tolerance);
    }

    [Fact]
    public void Estimate_Weighted_TakesTheTrueLabelByItsProbability()
    {
        using var scope = NewDisposeScope();
        using var network = TestData.Network();
        using var data = TestData.Images(Images);
        var (probabilities, _) = Answers(network, data);
        double[] bias = new double[3];
        for (int image = 0; image < Images; image++)
        {
            int label = image % 3;
            for (int j = 0; j < 3; j++)
            {
                double gradient = (j == label ? 1 : 0) - probabilities[image][j];
                bias[j] += probabilities[image][label] * gradient * gradient / Images;
            }
        }

        TestData.Close(bias, Estimate(network, data, FisherLabels.Weighted)["head.bias"], Tolerance);
    }

    [Fact]
    public void Estimate_Sampled_IsExpectedOnAverage()
    {
        using var scope = NewDisposeScope();
        using var network = TestData.Network();
        using var data = TestData.Images(Images);
        double[] expected = TestData.Doubles(Estimate(network, data, FisherLabels.Expected)["head.bias"]);
        double[] mean = new double[3];
        const int Draws = 150;
        for (int draw = 0; draw < Draws; draw++)
        {
            double[] one = TestData.Doubles(Estimate(network, data, FisherLabels.Sampled, seed: draw)["head.bias"]);
            for (int j = 0; j < 3; j++)
                mean[j] += one[j] / Draws;
        }

        // Squared gradients are at most 1: the mean of 750 has a standard deviation below 0.02.
        for (int j = 0; j < 3; j++)
            Assert.Equal(expected[j], mean[j], 0.06);
    }

    [Fact]
    public void Estimate_DeepWeight_AgreesWithDifferences()
    {
        using var scope = NewDisposeScope();
        using var network = TestData.Network();
        using var data = TestData.Images(1);
        double fisher = TestData.Doubles(Estimate(network, data, FisherLabels.Expected)["norm1.bias"])[0];
        const double Step = 1e-2;
        double[] before = Shifted(-Step),
            after = Shifted(Step),
            here = Shifted(0);
        double differences = here.Select((log, y) => Math.Exp(log) * Math.Pow((after[y] - before[y]) / (2 * Step), 2))
            .Sum();
        Assert.Equal(differences, fisher, 0.02 * fisher + 1e-6);

        double[] Shifted(double by)
        {
            using var noGrad = no_grad();
            var bias = network.get_parameter("norm1.bias")!;
            bias[0].add_(by);
            double[] logs = TestData.Doubles(F.log_softmax(network.forward(ImageTensors.Normalise(data.Inputs)), 1));
            bias[0].sub_(by);
            return logs;
        }
    }

    [Fact]
    public void Estimate_LeaksNoTensorAndLeavesTheNetwork()
    {
        using var network = TestData.Network();
        using var data = TestData.Images(Images);
        FisherOptions options = new(FisherLabels.Sampled, 3);
        TestData.AssertNoLeak(() =>
        {
            foreach (
                var tensor in FisherInformation.Estimate(network, data, options, new Random(1), CancellationToken.None)
            )
                tensor.Dispose();
        });
    }

    private static Dictionary<string, Tensor> Estimate(
        Dmkd.Core.Models.Network network,
        ImageTensors data,
        FisherLabels labels,
        int seed = 1
    )
    {
        var fisher = FisherInformation.Estimate(
            network,
            data,
            new FisherOptions(labels, 1000),
            new Random(seed),
            CancellationToken.None
        );
        return network.named_parameters().Zip(fisher).ToDictionary(pair => pair.First.name, pair => pair.Second);
    }

    private static (double[][] Probabilities, double[] Features) Answers(
        Dmkd.Core.Models.Network network,
        ImageTensors data
    )
    {
        using var noGrad = no_grad();
        var features = network.Features(ImageTensors.Normalise(data.Inputs));
        double[] logits = TestData.Doubles(network.Head(features));
        return ([.. logits.Chunk(3).Select(row => TestData.Softmax(row))], TestData.Doubles(features));
    }
}
