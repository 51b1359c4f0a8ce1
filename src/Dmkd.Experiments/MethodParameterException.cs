namespace Dmkd.Experiments;

/// <summary>A method was given a parameter that it does not have, or a value out of its range; the message names both.</summary>
public sealed class MethodParameterException(string message) : Exception(message);
