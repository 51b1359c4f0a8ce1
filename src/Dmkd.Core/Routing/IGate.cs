using Dmkd.Core.Routing.Discriminants;
using static TorchSharp.torch;

namespace Dmkd.Core.Routing;

/// <summary>
/// The proposal's gate: gives each expert a score z_k(x) for one input (proposal 3.3). A gate says what it needs; where
/// that is measured on nodes, it is fitted to it; then it looks at a batch and scores each pair of expert and input.
/// </summary>
public interface IGate
{
    /// <summary>What it needs beside the experts' own class scores.</summary>
    GateNeeds Needs => GateNeeds.Nothing;

    /// <summary>Whether it is fitted to what nodes measure before it can score.</summary>
    bool NeedsFit => (Needs & (GateNeeds.Exemplars | GateNeeds.Moments)) != 0;

    /// <summary>Whether it chooses before any expert has run, so that only the chosen need to.</summary>
    bool ChoosesFirst => false;

    /// <summary>Fits it to what nodes measured. Same evidence, same parameters.</summary>
    /// <param name="evidence">What <see cref="Needs"/> names.</param>
    /// <exception cref="NotSupportedException">The gate is not fitted to anything.</exception>
    /// <exception cref="ArgumentException">The evidence is of another kind, or does not suffice.</exception>
    GateParameters Fit(GateEvidence evidence) =>
        throw new NotSupportedException($"{GetType().Name} is not fitted to anything.");

    /// <summary>The gate with what was fitted.</summary>
    /// <param name="parameters">What <see cref="Fit"/> gave.</param>
    /// <param name="places">Place of each expert that is asked among those of the fit.</param>
    IGate Fitted(GateParameters parameters, IReadOnlyList<int> places) => this;

    /// <summary>Looks at a batch.</summary>
    /// <param name="batch">What can be known of it. Borrowed.</param>
    /// <returns>The experts with what the gate scores, and with their class scores unless it
    /// <see cref="ChoosesFirst"/>.</returns>
    IReadOnlyList<ExpertView> Look(IBatchScores batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return [.. batch.Experts.Select((expert, k) => expert with { ClassScores = batch.ScoresOf(k) })];
    }

    /// <summary>Scores one expert for one input. No other expert enters.</summary>
    /// <returns>z_k(x); larger means more likely to be the right expert.</returns>
    double Score(ExpertInput pair);
}

/// <summary>What a gate needs beside the class scores of the experts.</summary>
[Flags]
public enum GateNeeds
{
    /// <summary>Nothing.</summary>
    Nothing = 0,

    /// <summary>
    /// Before it routes: every expert's class scores of the nodes' exemplars (<see cref="ExemplarScores"/>).
    /// </summary>
    Exemplars = 1,

    /// <summary>Of exemplars and of inputs: their descriptors (<see cref="Dmkd.Core.Modalities.IModality.Describe"/>).</summary>
    Descriptors = 2,

    /// <summary>
    /// Before it routes: moments of the nodes' inputs in every expert's feature space (<see cref="ExpertMoments"/>).
    /// </summary>
    Moments = 4,

    /// <summary>A gate network in the library.</summary>
    GateNetwork = 8,

    /// <summary>The task of each input: only an evaluation knows it.</summary>
    Task = 16,
}

/// <summary>What nodes measured for a gate to be fitted to.</summary>
public abstract record GateEvidence;

/// <summary>Exemplars of all nodes as the experts score them.</summary>
/// <param name="Experts">The experts with their class scores of the exemplars, at least one.</param>
/// <param name="Labels">Class index of each exemplar; known to one of the experts.</param>
/// <param name="Descriptors">Descriptor of each exemplar, shape [exemplars, numbers]; empty for a gate without need of
/// them.</param>
public sealed record ExemplarScores(IReadOnlyList<ExpertView> Experts, int[] Labels, double[] Descriptors)
    : GateEvidence;

/// <summary>Moments of all nodes' inputs.</summary>
/// <param name="Experts">In the feature space of each expert.</param>
public sealed record ExpertMoments(IReadOnlyList<FeatureMoments> Experts) : GateEvidence;

/// <summary>What can be known of a batch of inputs. Each answer is computed when a gate asks for it.</summary>
public interface IBatchScores
{
    /// <summary>Number of inputs.</summary>
    int Count { get; }

    /// <summary>The experts before any of them has run: their classes and H_k.</summary>
    IReadOnlyList<ExpertView> Experts { get; }

    /// <summary>An expert's class scores, shape [batch, classes].</summary>
    float[] ScoresOf(int expert);

    /// <summary>
    /// The same with the features that they were made of, shape [batch, features], owned by the caller.
    /// </summary>
    (float[] Scores, Tensor Features) ScoresAndFeaturesOf(int expert);

    /// <summary>The gate network's logits of an expert's classes, shape [batch, classes].</summary>
    /// <exception cref="InvalidOperationException">The gate network does not know one of the classes.</exception>
    float[] GateLogitsOf(int expert);

    /// <summary>Descriptors of the inputs, shape [batch, numbers].</summary>
    double[] Descriptors();
}
