<?php

namespace KinescopeChat\TokenServer;

/** A problem that the operator can fix: a stable code, what is wrong, and what to do. It contains no secret. */
final class OperatorProblem extends \RuntimeException
{
    /** @var string */
    public $problem;

    /** @var string */
    public $remediation;

    public function __construct(string $problem, string $message, string $remediation, ?\Throwable $previous = null)
    {
        parent::__construct($message, 0, $previous);
        $this->problem = $problem;
        $this->remediation = $remediation;
    }
}
