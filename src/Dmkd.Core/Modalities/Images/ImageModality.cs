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

/// <summary>
/// Labelled images, kept as bytes: batches are converted when they are drawn. Few of them are one tensor; many are
/// copied out of their set batch by batch, so that memory does not grow with it. Owns its tensors.
/// </summary>
public sealed class ImageTensors : IDisposable
{
    /// <summary>Most bytes of pixels that are copied together when nobody asks for all.</summary>
    public const long MaxHeldBytes = 128 << 20;

    private readonly IExamples? _examples; // of many images
    private Tensor? _inputs;

    private ImageTensors(Tensor? pixels, Tensor labels, IExamples? examples)
    {
        _inputs = pixels?.DetachFromDisposeScope();
        Labels = labels.DetachFromDisposeScope();
        _examples = examples;
    }

    /// <summary>
    /// Pixels of all images, uint8, shape [count, channels, height, width]; of many they are copied together when first
    /// asked for. <see cref="Rows"/> does without.
    /// </summary>
    public Tensor Inputs => _inputs ??= Encode(_examples!).DetachFromDisposeScope();

    /// <summary>Labels, int64, shape [count].</summary>
    public Tensor Labels { get; }

    /// <summary>Number of images.</summary>
    public long Count => Labels.shape[0];

    /// <summary>Copies images into tensors on the CPU.</summary>
    /// <param name="pixels">Layout [count, channels, height, width], one byte a value.</param>
    /// <param name="labels">One label per image.</param>
    /// <param name="channels">Channels of an image.</param>
    /// <param name="size">Height and width of an image.</param>
    /// <exception cref="ArgumentException">The number of bytes does not fit the other arguments.</exception>
    public static ImageTensors From(ReadOnlySpan<byte> pixels, ReadOnlySpan<int> labels, int channels, int size)
    {
        long expected = (long)labels.Length * channels * size * size;
        if (pixels.Length != expected)
        {
            throw new ArgumentException(
                $"{labels.Length} images of {channels}x{size}x{size} need {expected} bytes, not {pixels.Length}.",
                nameof(pixels)
            );
        }

        using var scope = NewDisposeScope();
        return new ImageTensors(PixelTensor(pixels, labels.Length, channels, size), LabelTensor(labels), null);
    }

    /// <summary>Copies images into tensors on the CPU.</summary>
    /// <param name="examples">Copied; those of more than <see cref="MaxHeldBytes"/> are borrowed instead.</param>
    /// <exception cref="ArgumentException">They do not fit their shape.</exception>
    public static ImageTensors From(IExamples examples) => From(examples, MaxHeldBytes);

    internal static ImageTensors From(IExamples examples, long maxHeldBytes)
    {
        ArgumentNullException.ThrowIfNull(examples);
        using var scope = NewDisposeScope();
        var labels = LabelTensor(examples.Labels);
        return examples.ContentBytes > maxHeldBytes
            ? new ImageTensors(null, labels, examples)
            : new ImageTensors(Encode(examples), labels, null);
    }

    /// <summary>Copies the pixels of some images.</summary>
    /// <param name="positions">Positions, int64, shape [n], on the CPU. Borrowed.</param>
    /// <returns>uint8, shape [n, channels, height, width], on the CPU, owned by the caller.</returns>
    public Tensor Rows(Tensor positions)
    {
        ArgumentNullException.ThrowIfNull(positions);
        if (_inputs is not null)
            return _inputs.index_select(0, positions);
        int[] chosen = [.. positions.data<long>().Select(position => checked((int)position))];
        return Encode(_examples!.Choose(chosen));
    }

    /// <summary>
    /// Copies unlabelled images into a uint8 tensor of shape [count, channels, size, size], owned by the caller.
    /// </summary>
    /// <exception cref="ArgumentException">They do not fit their shape.</exception>
    public static Tensor Encode(IInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var result = PixelTensor(inputs.ContentBytes, inputs.Count, inputs.InputShape[0], inputs.InputShape[1]);
        inputs.CopyTo(result.bytes);
        return result;
    }

    /// <summary>
    /// Copies unlabelled images into a uint8 tensor of shape [count, channels, size, size], owned by the caller.
    /// </summary>
    /// <exception cref="ArgumentException">The number of bytes does not fit the other arguments.</exception>
    public static Tensor PixelTensor(ReadOnlySpan<byte> pixels, int count, int channels, int size)
    {
        var result = PixelTensor(pixels.Length, count, channels, size);
        pixels.CopyTo(result.bytes);
        return result;
    }

    private static Tensor PixelTensor(long bytes, int count, int channels, int size)
    {
        long expected = (long)count * channels * size * size;
        if (bytes != expected)
            throw new ArgumentException(
                $"{count} images of {channels}x{size}x{size} need {expected} bytes, not {bytes}.",
                nameof(bytes)
            );
        return empty([count, channels, size, size], dtype: ScalarType.Byte);
    }

    private static Tensor LabelTensor(ReadOnlySpan<int> labels)
    {
        long[] wide = new long[labels.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = labels[i];
        return tensor(wide, dtype: ScalarType.Int64);
    }

    /// <summary>
    /// Maps pixels in [0, 255] to floats in about [-2, 2]; fixed constants, so that no node's statistics leave it.
    /// </summary>
    /// <param name="pixels">uint8, any shape. Borrowed.</param>
    /// <returns>Float32 of the same shape on the same device, owned by the caller.</returns>
    public static Tensor Normalise(Tensor pixels)
    {
        const double Centre = 127.5,
            Spread = 63.75;
        using var scope = NewDisposeScope();
        return pixels.to(ScalarType.Float32).sub_(Centre).div_(Spread).MoveToOuterDisposeScope();
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        _inputs?.Dispose();
        Labels.Dispose();
    }
}
