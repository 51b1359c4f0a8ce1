using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Devices;
using Dmkd.Core.Modules;
using Dmkd.Core.Routing;
using Dmkd.Core.Routing.Discriminants;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Grains.Routing;

/// <summary>The tensor work of routing one batch: what each expert says, and the gate network before them. Lives within one job of a lane.</summary>
internal sealed class RoutedScores(DeviceJob job, IReadOnlyList<Network> networks, IReadOnlyList<ModuleSnapshot> experts, RouteRequest request, LinearDiscriminant[]? discriminants)
{
    private readonly Tensor _pixels = ImageTensors.PixelTensor(request.Pixels, request.Count, request.Channels, request.Size).to(job.Device);

    /// <summary>Runs every expert on every image; for a gate that looks at the experts' own answers.</summary>
    public ExpertView[] OfAll() => [.. experts.Select((expert, k) => discriminants is null
        ? ViewOf(expert, Score(networks[k], expert, _pixels))
        : Discriminate(networks[k], expert, discriminants[k]))];

    /// <summary>The experts before any of them has run.</summary>
    public ExpertView[] Unasked() => [.. experts.Select(expert => ViewOf(expert, []))];

    /// <summary>Runs the gate network on every image.</summary>
    public ExpertView[] AskGate(Network gateNetwork, ModuleSnapshot gate)
    {
        float[] logits = Score(gateNetwork, gate, _pixels);
        return [.. experts.Select(expert => ViewOf(expert, [], Columns(logits, request.Count, gate.Descriptor, expert.Descriptor)))];
    }

    /// <summary>Runs each expert only on the images that the gate chose it for.</summary>
    /// <param name="asked">The experts with what the gate scores.</param>
    /// <param name="router">Chooses.</param>
    public ExpertView[] OfChosen(ExpertView[] asked, ModuleRouter router)
    {
        var choices = request.CandidateSets.Select(candidates => router.Choose(asked, request.Count, candidates)).ToArray();
        return [.. asked.Select((view, k) => view with
        {
            ClassScores = ScoreSome(
                networks[k], experts[k], [.. Enumerable.Range(0, request.Count).Where(input => choices.Any(choice => choice[input].Contains(k)))]),
        })];
    }

    private static ExpertView ViewOf(ModuleSnapshot expert, float[] scores, float[]? gateScores = null) =>
        new(expert.Descriptor.Classes, expert.Specialization?.MeanEntropy ?? 0, scores, gateScores);

    private float[] Score(Network network, ModuleSnapshot module, Tensor pixels)
    {
        using var scores = ExpertScorer.Score(
            network, pixels, module.Descriptor.RotationLabelled, NormalisationOf(module), request.Routing.Views, request.Routing.Centred);
        return ExpertScorer.ToArray(scores);
    }

    private ExpertView Discriminate(Network network, ModuleSnapshot module, LinearDiscriminant discriminant)
    {
        var (scores, features) = ExpertScorer.ScoreWithFeatures(
            network, _pixels, module.Descriptor.RotationLabelled, NormalisationOf(module), request.Routing.Views, request.Routing.Centred);
        using (scores)
        using (features)
            return ViewOf(module, ExpertScorer.ToArray(scores)) with { Features = discriminant.Score(features) };
    }

    /// <summary>DMKD's own normalisation goes the way it always went: results of earlier runs stay equal to the last bit.</summary>
    private static InputNormalisation? NormalisationOf(ModuleSnapshot module) =>
        module.Descriptor.Normalisation == InputNormalisation.Standard.Name ? null : InputNormalisation.Find(module.Descriptor.Normalisation);

    private float[] ScoreSome(Network network, ModuleSnapshot module, long[] inputs)
    {
        int width = module.Descriptor.Classes.Length;
        float[] all = new float[_pixels.shape[0] * width];
        if (inputs.Length == 0) return all;
        float[] some = Score(network, module, _pixels.index_select(0, tensor(inputs, device: _pixels.device)));
        for (int i = 0; i < inputs.Length; i++) some.AsSpan(i * width, width).CopyTo(all.AsSpan((int)inputs[i] * width));
        return all;
    }

    private static float[] Columns(float[] logits, int batch, ModuleDescriptor gate, ModuleDescriptor expert)
    {
        int[] columns = [.. expert.Classes.Select(label => Array.IndexOf(gate.Classes, label))];
        int unknown = Array.IndexOf(columns, -1);
        if (unknown >= 0) throw new InvalidOperationException($"Gate {gate.Key} does not know class {expert.Classes[unknown]} of {expert.Key}; route with another gate.");
        float[] chosen = new float[batch * columns.Length];
        for (int input = 0; input < batch; input++)
            for (int c = 0; c < columns.Length; c++) chosen[input * columns.Length + c] = logits[input * gate.Classes.Length + columns[c]];
        return chosen;
    }
}
