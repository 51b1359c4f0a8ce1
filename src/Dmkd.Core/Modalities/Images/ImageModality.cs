using Dmkd.Core.Models;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Modalities.Images;

/// <summary>Square images of bytes: rotations tell experts what is theirs (proposal 3.3).</summary>
[Named(ModalityName, "square images of bytes")]
public sealed class ImageModality : IModality
{
    /// <summary>Name in signatures.</summary>
    public const string ModalityName = "images";

    /// <summary>The label space with an output for each class and rotation (<see cref="RotationSpace"/>).</summary>
    public const string RotatedLabels = "rotations";

    /// <inheritdoc/>
    public string ExpertLabels => RotatedLabels;

    /// <inheritdoc/>
    public ModuleSignature SignatureOf(InputShape shape, string labelSpace)
    {
        ArgumentNullException.ThrowIfNull(shape);
        var input = new TensorSignature("pixels", "uint8", [TensorSignature.Free, .. shape.Lengths]);
        return new ModuleSignature(ModalityName, [input], labelSpace);
    }

    /// <inheritdoc/>
    public int OutputCount(string labelSpace, int classes, bool hasUnknown) =>
        AreRotated(labelSpace) ? RotationLabels.OutputCount(classes, hasUnknown) : classes;

    /// <inheritdoc/>
    public ILabelSpace LabelsOf(string labelSpace, int outputs, bool allViews) =>
        AreRotated(labelSpace) ? RotationSpace.OfHead(outputs, allViews) : new PlainLabels();

    /// <inheritdoc/>
    public string? ViewsProblem(int views) =>
        RotationLabels.AreViews(views)
            ? null
            : $"Views must be 1, {RotationLabels.Count} or {RotationLabels.MaxViews}, not {views}.";

    /// <inheritdoc/>
    public Tensor Encode(IInputs inputs) => ImageTensors.Encode(inputs);

    /// <summary>
    /// DMKD's own normalisation goes the way it always went: results of earlier runs stay equal to the last bit.
    /// </summary>
    public Tensor Normalise(Tensor encoded, string normalisation) =>
        normalisation == InputNormalisation.Standard.Name
            ? ImageTensors.Normalise(encoded)
            : InputNormalisation.Find(normalisation).Apply(encoded);

    /// <inheritdoc/>
    public IOwnedTrainingData TrainingData(IExamples examples, ILabelSpace labels) =>
        new OwnedImages(ImageTensors.From(examples), labels);

    /// <inheritdoc/>
    public Tensor Score(Network network, Tensor encoded, ScoringOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return ExpertScorer.Score(
            network,
            encoded,
            AreRotated(options.LabelSpace),
            NormalisationOf(options),
            options.Views,
            options.IsCentred
        );
    }

    /// <inheritdoc/>
    public ScoredFeatures ScoreWithFeatures(Network network, Tensor encoded, ScoringOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var (scores, features) = ExpertScorer.ScoreWithFeatures(
            network,
            encoded,
            AreRotated(options.LabelSpace),
            NormalisationOf(options),
            options.Views,
            options.IsCentred
        );
        return new ScoredFeatures(scores, features);
    }

    /// <inheritdoc/>
    public double[] Describe(IInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return InputDescriptor.Describe(inputs.Content, inputs.Count, inputs.InputShape[0], inputs.InputShape[1]);
    }

    private static InputNormalisation? NormalisationOf(ScoringOptions options) =>
        options.Normalisation == InputNormalisation.Standard.Name
            ? null
            : InputNormalisation.Find(options.Normalisation);

    private static bool AreRotated(string labelSpace) =>
        labelSpace switch
        {
            RotatedLabels => true,
            ModuleSignature.PlainLabels => false,
            _ => throw new ArgumentException(
                $"Images have no label space '{labelSpace}'; there are: {ModuleSignature.PlainLabels}, {RotatedLabels}.",
                nameof(labelSpace)
            ),
        };

    private sealed class OwnedImages(ImageTensors images, ILabelSpace labels) : IOwnedTrainingData
    {
        private readonly ImageTrainingData _data = new(images, labels);

        public long Count => _data.Count;

        public Batch Draw(Tensor positions, Generator generator, Device device) =>
            _data.Draw(positions, generator, device);

        public void Dispose() => images.Dispose();
    }
}
