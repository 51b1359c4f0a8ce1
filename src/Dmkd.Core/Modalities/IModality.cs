using Dmkd.Core.Models;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Modalities;

/// <summary>Inputs as bytes, as parties keep them and as they travel.</summary>
public interface IInputs
{
    /// <summary>Number of inputs.</summary>
    int Count { get; }

    /// <summary>Shape of one.</summary>
    InputShape InputShape { get; }

    /// <summary>Values, row-major, input after input. Borrowed: not to be modified.</summary>
    byte[] Content { get; }

    /// <summary>Length of <see cref="Content"/>.</summary>
    long ContentBytes => Content.Length;

    /// <summary>Copies all values, without making <see cref="Content"/> where there is none.</summary>
    /// <param name="destination">Of <see cref="ContentBytes"/>.</param>
    void CopyTo(Span<byte> destination) => Content.CopyTo(destination);
}

/// <summary>Inputs with their classes.</summary>
public interface IExamples : IInputs
{
    /// <summary>Class of each, shape [Count]. Borrowed: not to be modified.</summary>
    int[] Labels { get; }

    /// <summary>Some, in the order given. They may share the values.</summary>
    /// <param name="positions">Each in [0, Count).</param>
    IExamples Choose(ReadOnlySpan<int> positions);
}

/// <summary>Training data that owns its tensors.</summary>
public interface IOwnedTrainingData : ITrainingData, IDisposable;

/// <summary>How the scores of a module's classes are computed.</summary>
/// <param name="LabelSpace">How its outputs tell classes.</param>
/// <param name="Normalisation">Normalisation of its inputs, by name.</param>
/// <param name="Views">Views shown to a module whose label space tells views apart.</param>
/// <param name="IsCentred">Whether the mean logit of each view is subtracted, of such a module.</param>
public sealed record ScoringOptions(string LabelSpace, string Normalisation, int Views, bool IsCentred);

/// <summary>Scores, shape [batch, classes], and the features they were made of; both on the CPU. Owns them.</summary>
public sealed record ScoredFeatures(Tensor Scores, Tensor Features) : IDisposable
{
    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        Scores.Dispose();
        Features.Dispose();
    }
}

/// <summary>
/// What is peculiar to a kind of input: how it becomes a tensor, how it is augmented, in which views it can be shown,
/// and what outputs may mean. Everything else (rounds, merging, routing, libraries) knows none of it. A new one is a
/// folder beside <c>Images</c>. Stateless, thread-safe.
/// </summary>
public interface IModality
{
    /// <summary>The label space that experts are trained in, so that they know what is theirs.</summary>
    string ExpertLabels { get; }

    /// <summary>What a module takes, and what its outputs mean.</summary>
    /// <param name="shape">Shape of one input.</param>
    /// <param name="labelSpace">Name of its label space.</param>
    ModuleSignature SignatureOf(InputShape shape, string labelSpace);

    /// <summary>Outputs of a head.</summary>
    /// <param name="labelSpace">Name of its label space.</param>
    /// <param name="classes">Number of classes, at least 1.</param>
    /// <param name="hasUnknown">Whether one more output says unknown, where the label space can have one.</param>
    int OutputCount(string labelSpace, int classes, bool hasUnknown);

    /// <summary>The label space of a head.</summary>
    /// <param name="labelSpace">Its name.</param>
    /// <param name="outputs">Outputs of the head.</param>
    /// <param name="allViews">Whether a training step shows every example in all its views.</param>
    ILabelSpace LabelsOf(string labelSpace, int outputs, bool allViews);

    /// <summary>What is wrong with a number of views; null when nothing is.</summary>
    string? ViewsProblem(int views);

    /// <summary>Inputs as a tensor.</summary>
    /// <returns>Shape [count, ...], not normalised, on the CPU, owned by the caller.</returns>
    Tensor Encode(IInputs inputs);

    /// <summary>What networks take.</summary>
    /// <param name="encoded">From <see cref="Encode"/>, on any device. Borrowed.</param>
    /// <param name="normalisation">By name.</param>
    /// <returns>On the same device, owned by the caller.</returns>
    Tensor Normalise(Tensor encoded, string normalisation);

    /// <summary>Examples that are augmented and normalised as they are drawn.</summary>
    /// <param name="examples">Labelled by class. Copied.</param>
    /// <param name="labels">How the model's outputs tell classes.</param>
    IOwnedTrainingData TrainingData(IExamples examples, ILabelSpace labels);

    /// <summary>Scores of a module's classes, without gradients.</summary>
    /// <param name="network">In evaluation mode. Borrowed.</param>
    /// <param name="encoded">From <see cref="Encode"/>, on the network's device. Borrowed.</param>
    /// <param name="options">How.</param>
    /// <returns>Shape [batch, classes], on the CPU, owned by the caller.</returns>
    Tensor Score(Network network, Tensor encoded, ScoringOptions options);

    /// <summary>Scores and features from the same pass, as <see cref="Score"/>.</summary>
    ScoredFeatures ScoreWithFeatures(Network network, Tensor encoded, ScoringOptions options);

    /// <summary>What a gate that sees inputs itself reads of them, so that no new expert changes it.</summary>
    /// <returns>As many numbers of each input, input after input.</returns>
    double[] Describe(IInputs inputs);
}

/// <summary>Finds modalities.</summary>
public static class ModalityCatalog
{
    /// <summary>All of them.</summary>
    public static Registry<IModality> All { get; } = new("modality");

    /// <summary>The modality of a module.</summary>
    public static IModality Of(ModuleSignature signature)
    {
        ArgumentNullException.ThrowIfNull(signature);
        return All.Find(signature.Modality);
    }

    /// <summary>The modality whose inputs a network takes.</summary>
    public static IModality Of(NetworkArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        return All.Find(architecture.Modality);
    }

    /// <summary>The signature of a network's module.</summary>
    /// <param name="architecture">Text form of the network's architecture.</param>
    /// <param name="labelSpace">Name of its label space.</param>
    /// <exception cref="FormatException">The text is no architecture.</exception>
    public static ModuleSignature SignatureOf(string architecture, string labelSpace)
    {
        var parsed = ArchitectureCatalog.Parse(architecture);
        return Of(parsed).SignatureOf(parsed.InputShape, labelSpace);
    }
}
