using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using static TorchSharp.torch;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Routing by a gate network against a computation by hand from the stored weights.</summary>
public sealed class GateNetworkTests(PreservedLibrary library) : IClassFixture<PreservedLibrary>
{
    private const double Tolerance = 1e-5; // fp32: the router asks an expert about some of the images only
    private const int Images = 60;
    private static readonly RouteRequest Batch = BatchOf();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Route_AllClasses_IsWhatTheNetworksSay(int topExperts)
    {
        var (gate, experts) = await AskAsync();
        await RoutesAsync(gate, experts, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], topExperts);
    }

    [Fact]
    public async Task Route_EachExpertAskedAboutSomeImages_IsWhatTheNetworksSay()
    {
        // This gate network has learnt for a second and prefers one expert, but not among every four classes.
        var (gate, experts) = await AskAsync();
        var (candidates, rarer) = Pairs(experts[0])
            .SelectMany(_ => Pairs(experts[1]), (first, second) => (int[])[.. first, .. second])
            .Select(classes => (classes, gate.Count(image => Share(image, experts[0], classes) > 0.5)))
            .Select(entry => (entry.classes, Math.Min(entry.Item2, Images - entry.Item2)))
            .MaxBy(entry => entry.Item2);
        Assert.InRange(rarer, 3, Images / 2);
        await RoutesAsync(gate, experts, candidates, topExperts: 1);
    }

    private async Task RoutesAsync(double[][] gate, Expert[] experts, int[] candidates, int topExperts)
    {
        var request = Batch with
        {
            CandidateSets = [candidates],
            Routing = new RoutingSettings("network", topExperts, 0),
        };
        var response = await library
            .Cluster.Grains.GetGrain<IRouterGrain>(PreservedLibrary.Name)
            .RouteAsync(request, TestContext.Current.CancellationToken);
        for (int image = 0; image < Images; image++)
        {
            double[] shares = [.. experts.Select(expert => Share(gate[image], expert, candidates))];
            int[] chosen = [.. Enumerable.Range(0, experts.Length).OrderByDescending(k => shares[k]).Take(topExperts)];
            var (probability, label) = chosen
                .SelectMany(k => Answer(experts[k], image, candidates, shares[k] / chosen.Sum(other => shares[other])))
                .Max();
            var predicted = response.Predictions[0][image];
            Assert.Equal(label, predicted.ClassIndex);
            Assert.Equal(probability, predicted.Probability, Tolerance);
            Assert.Equal(chosen.Select(k => experts[k].Name), predicted.Experts.Select(share => share.Module));
            foreach (var (k, share) in chosen.Zip(predicted.Experts))
                Assert.Equal(shares[k], share.Probability, Tolerance);
        }
    }

    /// <summary>p_k: the probability that the gate network gives to the expert's candidate classes together.</summary>
    private static double Share(double[] gate, Expert expert, int[] candidates) =>
        expert.Classes.Intersect(candidates).Sum(label => gate[label]) / candidates.Sum(label => gate[label]);

    private static IEnumerable<(double Probability, int Class)> Answer(
        Expert expert,
        int image,
        int[] candidates,
        double share
    )
    {
        int[] outputs =
        [
            .. Enumerable.Range(0, expert.Classes.Length).Where(output => candidates.Contains(expert.Classes[output])),
        ];
        return outputs.Select(output =>
            (
                share * expert.Answers[image][output] / outputs.Sum(other => expert.Answers[image][other]),
                expert.Classes[output]
            )
        );
    }

    private static IEnumerable<int[]> Pairs(Expert expert) =>
        expert
            .Classes.SelectMany(_ => expert.Classes, (one, other) => (int[])[one, other])
            .Where(pair => pair[0] < pair[1]);

    private async Task<(double[][] Gate, Expert[] Experts)> AskAsync()
    {
        var modules = await library.ModulesAsync();
        var experts = modules
            .Where(module => module.Descriptor.Role is ModuleRole.Expert)
            .Select(async module => new Expert(
                module.Descriptor.Name,
                module.Descriptor.Classes,
                await ProbabilitiesAsync(module)
            ));
        return (
            await ProbabilitiesAsync(modules.Single(module => module.Descriptor.Role is ModuleRole.Gate)),
            await Task.WhenAll(experts)
        );
    }

    private static RouteRequest BatchOf()
    {
        // Stripes of every colour and width: pictures of the data set look much alike to a network that has seen them
        // for seconds.
        const int Count = Images,
            Size = 32,
            Plane = Size * Size;
        var random = new Random(2);
        byte[] pixels = new byte[Count * 3 * Plane];
        for (int plane = 0; plane < 3 * Count; plane++)
        {
            double brightness = random.Next(256),
                contrast = random.Next(128),
                across = random.NextDouble() * 3,
                down = random.NextDouble() * 3;
            for (int i = 0; i < Plane; i++)
                pixels[plane * Plane + i] = (byte)
                    Math.Clamp(brightness + contrast * Math.Sin(across * (i % Size) + down * (i / Size)), 0, 255);
        }

        return new RouteRequest
        {
            Input = Examples.Pixels(pixels, Count, 3, Size),
            CandidateSets =
            [
                [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            ],
            Routing = new RoutingSettings("network", 1, 0),
        };
    }

    private async Task<double[][]> ProbabilitiesAsync(ModuleSnapshot module) =>
        Probabilities(
            module,
            await library.Store.GetAsync(module.Current.Digest, TestContext.Current.CancellationToken)
        );

    private static double[][] Probabilities(ModuleSnapshot module, byte[] content)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = NetworkLoader.Load(module.Descriptor.Architecture, content, CPU);
        var pixels = ImageTensors.PixelTensor(Batch.Input.Content, Images, 3, 32);
        double[] all =
        [
            .. network
                .forward(InputNormalisation.ImageNet.Apply(pixels))
                .to(ScalarType.Float64)
                .softmax(1)
                .contiguous()
                .data<double>(),
        ];
        return [.. all.Chunk(module.Descriptor.Classes.Length)];
    }

    private sealed record Expert(string Name, int[] Classes, double[][] Answers);
}
